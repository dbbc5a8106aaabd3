"""One generation for one module, among threads and processes; none waits for another module's."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from genloom.errors import GeneratedImportError
from genloom.interfaces.importer.options import ImportOptions
from genloom.interfaces.importer.pins.locks import one_generation

HOLDER = """
import sys, time
from pathlib import Path
from genloom.interfaces.importer.pins.locks import one_generation
from genloom.interfaces.importer.options import ImportOptions
with one_generation(ImportOptions(namespace="gen", directory=Path(sys.argv[1]), mode="auto"), "gen.a"):
    print("held", flush=True)
    time.sleep(600)
"""


def options(directory: Path, *, deadline: float | None = 60.0) -> ImportOptions:
    return ImportOptions(namespace="gen", directory=directory, mode="auto", deadline=deadline)


@pytest.mark.parametrize("deadline", [60.0, None])
def test_threads_come_one_after_the_other(tmp_path: Path, deadline: float | None) -> None:
    inside = threading.Semaphore(1)
    seen: list[bool] = []

    def enter() -> None:
        with one_generation(options(tmp_path, deadline=deadline), "gen.a"):
            alone = inside.acquire(blocking=False)
            seen.append(alone)
            if alone:
                inside.release()

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == [True] * 8


def test_another_module_does_not_wait(tmp_path: Path) -> None:
    with one_generation(options(tmp_path), "gen.a"), one_generation(options(tmp_path, deadline=1.0), "gen.b"):
        pass


def test_who_waits_longer_than_the_deadline_is_told(tmp_path: Path) -> None:
    told: list[BaseException] = []

    def wait() -> None:
        try:
            with one_generation(options(tmp_path, deadline=0.05), "gen.a"):
                pass
        except GeneratedImportError as error:
            told.append(error)

    with one_generation(options(tmp_path), "gen.a"):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(60)
    assert "another thread" in str(told[0])
    with one_generation(options(tmp_path, deadline=1.0), "gen.a"):
        pass


def test_another_process_is_waited_for_and_a_dead_ones_lock_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(GeneratedImportError, match="another process"),
            one_generation(options(tmp_path, deadline=0.2), "gen.a"),
        ):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(60)
    with one_generation(options(tmp_path), "gen.a"):
        pass


def test_where_no_file_can_be_made_the_error_says_so(tmp_path: Path) -> None:
    (tmp_path / "gen").write_text("a file, no folder")
    with (
        pytest.raises(GeneratedImportError, match="cannot be written"),
        one_generation(options(tmp_path / "gen"), "gen.a"),
    ):
        pass


def test_version_control_ignores_what_locks_leave_behind(tmp_path: Path) -> None:
    with one_generation(options(tmp_path), "gen.a"):
        pass
    assert (tmp_path / ".genloom" / ".gitignore").read_text() == "*\n"
