"""Several processes index what one would, and leave nothing behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from genloom.events import Event, IndexProgress
from genloom.tools.codebase import Codebase
from genloom.tools.codebase.index.preparing import Asked
from genloom.tools.codebase.index.workers import default_processes, prepared_files

TABLES = ("symbols", "imports", "mentions", "exports", "generations", "postings")
INDEX = """
import sys
from contextlib import suppress
from pathlib import Path
from genloom.tools.codebase import Codebase
report = Codebase(sys.argv[1], cache=Path(sys.argv[2])).refresh(processes=2)
print(report.files, report.processes)
"""


@pytest.fixture
def many(shop: Path) -> Path:
    """The shop with a hundred further files."""
    for number in range(100):
        (shop / f"shop/part_{number:03}.py").write_text(
            f'"""Part {number}."""\nfrom shop.money import round_cents\n\n\nclass Part{number}:\n    """A shelf."""\n\n'
            f"    def total_{number}(self, amounts):\n        return round_cents(sum(amounts))\n"
        )
    return shop


def _tables(cache: Path) -> dict[str, list[tuple[object, ...]]]:
    (file,) = (cache / "index").glob("*.sqlite")
    with sqlite3.connect(file) as connection:
        found = {name: sorted(connection.execute(f"SELECT * FROM {name}")) for name in TABLES}
        found["files"] = connection.execute("SELECT id, path, sha256, language, lines, lengths FROM files").fetchall()
    return found


def _children() -> set[str]:
    me = str(os.getpid())
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == me:
            found.add(status.parent.name)
    return found


def _indexing(
    tmp_path: Path, root: Path, code: str = INDEX, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    arguments = ["-", str(root), str(tmp_path / "cache")] if stdin else ["-c", code, str(root), str(tmp_path / "cache")]
    return subprocess.run([sys.executable, *arguments], input=stdin, capture_output=True, text=True, timeout=60)


def test_two_processes_make_the_index_that_one_makes(many: Path, tmp_path: Path) -> None:
    """Every row of every table is the same, ids too; progress rises to the end, and no process stays."""
    before = _children()
    events: list[Event] = []
    report = Codebase(many, cache=tmp_path / "two").refresh(processes=2, emit=events.append)
    Codebase(many, cache=tmp_path / "one").refresh(processes=1)
    assert (report.files, report.indexed, report.processes) == (106, 106, 2)
    assert _tables(tmp_path / "two") == _tables(tmp_path / "one")
    assert [event.done for event in events if isinstance(event, IndexProgress)] == [0, 50, 100, 106]
    assert _children() <= before


def test_a_killed_worker_costs_nothing_but_time(many: Path) -> None:
    """What it had in hand is prepared here."""
    asked = [Asked(f"shop/part_{number:03}.py") for number in range(100)]
    before = _children()
    prepared = prepared_files(many, asked, 3)
    found = [next(prepared)]
    for pid in _children() - before:
        os.kill(int(pid), signal.SIGKILL)
    found += prepared
    assert [file.path for file in found] == [file.path for file in asked]
    assert all(file.symbols for file in found)
    assert _children() <= before


def test_stopping_early_ends_the_workers(many: Path) -> None:
    """A deadline, an error or Ctrl-C closes the iterator."""
    before = _children()
    prepared = prepared_files(many, [Asked(f"shop/part_{n:03}.py") for n in range(100)], 3)
    next(prepared)
    assert len(_children() - before) == 2
    prepared.close()
    assert _children() <= before


def test_workers_end_with_a_killed_process(many: Path, tmp_path: Path) -> None:
    """Kill -9 of the indexing process: its workers see the end of their input, and the next start is right."""
    code = "import os\ndef stop(event):\n    if event.done:\n        os.kill(os.getpid(), 9)\n"
    code += INDEX.replace("processes=2", "processes=3, emit=stop")
    before = _workers()
    assert _indexing(tmp_path, many, code).returncode == -signal.SIGKILL
    deadline = time.monotonic() + 30
    while _workers() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _workers() - before
    assert Codebase(many, cache=tmp_path / "cache").refresh().indexed == 106


def _workers() -> set[str]:
    """The worker processes of this machine, whoever is their parent by now."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            if b"genloom.tools.codebase.index.worker" in (folder / "cmdline").read_bytes():
                found.add(folder.name)
    return found


def test_ctrl_c_ends_it_and_its_workers(many: Path, tmp_path: Path) -> None:
    """The interrupt reaches the caller, nothing was written, and no worker prints a traceback."""
    code = "import os, signal\ndef stop(event):\n    if event.done:\n        os.kill(os.getpid(), signal.SIGINT)\n"
    code += INDEX.replace("processes=2", "processes=2, emit=stop")
    ended = _indexing(tmp_path, many, code)
    assert ended.returncode == -signal.SIGINT
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.rstrip().endswith("KeyboardInterrupt")
    assert Codebase(many, cache=tmp_path / "cache").refresh().indexed == 106


def test_a_program_from_standard_input_or_without_a_guard_can_use_several(many: Path, tmp_path: Path) -> None:
    """The workers import nothing of the caller's main module."""
    assert _indexing(tmp_path, many, stdin=INDEX).stdout == "106 2\n"
    script = tmp_path / "unguarded.py"
    script.write_text(INDEX)
    ran = subprocess.run(
        [sys.executable, script, many, tmp_path / "other"], capture_output=True, text=True, timeout=60, cwd=many
    )
    assert ran.stdout == "106 2\n"


def test_a_module_of_the_repository_is_never_imported(many: Path, tmp_path: Path) -> None:
    """A worker does not look into the current folder, by whatever name it stands in the path: it may be hostile."""
    for name in ("tree_sitter_python", "pickle", "Stemmer"):
        (many / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').write('')\n")
    ours_first = "import os, tree_sitter_python, Stemmer\nsys.path[:0] = ['.', os.getcwd()]\nreport = "
    code = "import sys; sys.path.remove('') if '' in sys.path else None\n" + INDEX.replace("report = ", ours_first)
    ran = subprocess.run(
        [sys.executable, "-c", code, many, tmp_path / "cache"], capture_output=True, text=True, timeout=60, cwd=many
    )
    assert ran.stdout == "109 2\n"
    assert not (tmp_path / "ran").exists()


def test_few_files_and_daemonic_processes_use_one_process() -> None:
    """Starting a process costs more than reading a few files, and a daemon must not leave children."""
    assert default_processes(299) == 1
    assert 1 <= default_processes(300) <= 4
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        assert pool.apply(default_processes, (1000,)) == 1
