"""Programs: what they write, how they end, and what is left behind by whoever starts them."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from sandbox_variants import VARIANTS, unavailable

import genloom
from genloom.state import SandboxTier
from genloom.tools.sandbox import Grants, Limits, Sandbox
from genloom.tools.sandbox.warm.warm_pool import stop_servers

PATIENT = Limits(wall_seconds=100)
"""What no run here reaches, however busy the machine is."""


def test_program_reads_and_writes_and_its_exit_code_is_told(sandbox: Sandbox) -> None:
    """Standard input goes in, both outputs and the exit code come out."""
    source = "import sys\nprint(sys.stdin.read().upper())\nprint('oops', file=sys.stderr)\nsys.exit(3)\n"
    report = sandbox.run_program(source, stdin=b"abc")
    assert (report.stdout, report.stderr, report.exit_code, report.ended) == ("ABC\n", "oops\n", 3, "exit")
    assert sandbox.run_program("print(1)").ended == "normal"


def test_large_input_and_program_as_a_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """Megabytes of input arrive whole, and a program may be a file, also one that only its owner can read."""
    program = tmp_path / "program.py"
    program.write_text("import sys\nprint(len(sys.stdin.buffer.read()), __name__, sys.argv == [__file__])\n")
    program.chmod(0o600)
    report = sandbox.run_program(program, stdin=b"x" * 3_000_000)
    assert report.stdout == "3000000 __main__ True\n", report


def test_lines_are_told_while_the_program_runs(sandbox: Sandbox, open_folder: Path) -> None:
    """Each line of output is handed on as it comes: the program waits for a file that whoever hears a line makes."""
    seen: list[bytes] = []

    def hear(line: bytes) -> None:
        (open_folder / str(len(seen))).touch()
        seen.append(line)

    source = (
        f"import os, time\nfor n in range(3):\n    print('line', n, flush=True)\n"
        f"    while not os.path.exists(f'{open_folder}/{{n}}'): time.sleep(0.01)\nprint('end', end='')\n"
    )
    report = sandbox.run_program(source, on_line=hear, readable=[open_folder], limits=PATIENT)
    assert seen == [b"line 0", b"line 1", b"line 2"]
    assert report.stdout.endswith("end")


def test_error_of_the_listener_ends_the_run_and_comes_back(sandbox: Sandbox) -> None:
    """What the caller's own function raises stops the program and is raised again as itself."""

    def refuse(line: bytes) -> None:
        raise LookupError(line.decode())

    started = time.monotonic()
    with pytest.raises(LookupError, match="first"):
        sandbox.run_program("import time\nprint('first', flush=True)\ntime.sleep(120)", on_line=refuse, limits=PATIENT)
    assert time.monotonic() - started < PATIENT.wall_seconds / 2


def test_limits_of_one_run_replace_the_sandbox_s_own(sandbox: Sandbox) -> None:
    """A run's own limits hold and stand in its report."""
    report = sandbox.run_program("import time\ntime.sleep(60)", limits=Limits(wall_seconds=0.5))
    assert report.ended == "timeout"
    assert report.limits.startswith("0.5 s")


def test_folders_given_for_one_run_are_readable(sandbox: Sandbox, open_folder: Path) -> None:
    """A folder can be read only in the run that it is given to."""
    (open_folder / "data").write_text("42")
    source = f"print(open({str(open_folder / 'data')!r}).read())"
    assert sandbox.run_program(source, readable=[open_folder]).stdout == "42\n"
    stderr = sandbox.run_program(source).stderr
    assert "PermissionError" in stderr or "FileNotFoundError" in stderr


@pytest.mark.parametrize(
    "source",
    [
        "import json, re, decimal, datetime, dataclasses, threading, tempfile, random, hashlib, sqlite3, ssl, zoneinfo",
        "import asyncio\nasync def main(): await asyncio.sleep(0)\nasyncio.run(main())",
        "import concurrent.futures as f\nwith f.ThreadPoolExecutor(8) as pool: assert sum(pool.map(abs, [-1] * 20)) == 20",
        "import subprocess, sys\nassert subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout",
        "import subprocess\nassert subprocess.run(['ls'], capture_output=True).returncode == 0",
        "import sqlite3\nwith sqlite3.connect('x.db') as db: db.execute('create table t (a)')",
        "import os, shutil\nos.mkdir('a'); open('a/b', 'w').close()\nshutil.copytree('a', 'c')",
        "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as pool: assert pool.map(abs, [-1]) == [1]",
        "import socket\na, b = socket.socketpair()\na.sendall(b'x')\nassert b.recv(1) == b'x'",
        "import os, pathlib, platform, getpass\nplatform.platform(); getpass.getuser(); pathlib.Path.home(); os.cpu_count()",
        "import zoneinfo, datetime as d\nassert d.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo('Asia/Tokyo')).utcoffset()",
        "import signal as s, time\ns.signal(s.SIGALRM, lambda *a: None)\ns.setitimer(s.ITIMER_REAL, 0.01)\ntime.sleep(0.05)",
        "import os\nos.nice(1)\nos.sched_setaffinity(0, os.sched_getaffinity(0))\nos.kill(os.getpid(), 0)",
        "import mmap, tempfile as t\nf = t.TemporaryFile()\nf.write(b'x'); f.flush(); mmap.mmap(f.fileno(), 0)[0]",
        "import ctypes\nassert ctypes.CDLL(None).abs(-1) == 1",
        "print({'b', 'a', 'c'} and hash('a') == hash('a'))",
    ],
)
def test_ordinary_use_of_the_standard_library_works(sandbox: Sandbox, source: str) -> None:
    """Threads, processes, files, databases, subprocesses and time zones work as they do anywhere."""
    if "multiprocessing" in source and not sandbox.status().namespaces:
        pytest.skip("semaphores need private shared memory")
    limits = Limits(wall_seconds=20, memory_megabytes=512)
    grants = Grants(shared_memory="multiprocessing" in source)
    report = sandbox.granting(grants).run_program(source, limits=limits)
    assert (report.ended, report.stderr) == ("normal", "")


def test_order_of_sets_is_the_same_in_every_run(sandbox: Sandbox) -> None:
    """The seed of hashes is fixed, so that a run can be repeated."""
    source = "print(list(set('abcdefghij')))"
    assert sandbox.run_program(source).stdout == sandbox.run_program(source).stdout


def working_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in str((entry / "cwd").readlink()):
                found.append(entry.name)
        except OSError:
            continue
    return found


async def test_cancelled_run_is_gone(tier: SandboxTier, open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling the waiting task ends the whole tree before the cancellation comes through."""
    sandbox = Sandbox(tier=tier, warm=False)
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    started = asyncio.Event()
    source = "import os, time\nos.fork()\nprint('up', flush=True)\ntime.sleep(60)"
    run = asyncio.create_task(sandbox.arun_program(source, on_line=lambda _: started.set()))
    await asyncio.wait_for(started.wait(), 60)
    assert working_in(open_folder)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert working_in(open_folder) == []
    assert list(open_folder.iterdir()) == []


async def test_deadline_of_the_caller_ends_the_run(sandbox: Sandbox) -> None:
    """A time limit around the coroutine is kept, however long the run's own would be."""
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await sandbox.arun_program("import time\ntime.sleep(120)", limits=PATIENT)
    assert time.monotonic() - started < PATIENT.wall_seconds / 2


def test_killed_parent_takes_its_runs_along(open_folder: Path, sandbox: Sandbox) -> None:
    """When genloom itself is killed, the run it started is gone soon after."""
    code = (
        "from genloom.tools.sandbox import Limits, Sandbox\n"
        "source = 'import os, time\\nif os.fork() == 0: os.setsid()\\nprint(1, flush=True)\\ntime.sleep(200)'\n"
        f"patient = Sandbox(tier={sandbox.status().tier!r}, limits=Limits(wall_seconds=200))\n"
        "patient.run_program(source, on_line=lambda line: print('up', flush=True))\n"
    )
    environment = {**os.environ, "TMPDIR": str(open_folder), "PYTHONPATH": str(Path(genloom.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        assert working_in(open_folder)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while (working_in(open_folder) or list(open_folder.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert working_in(open_folder) == []
    if sandbox.status().namespaces:
        assert list(open_folder.iterdir()) == []


async def test_killed_supervisor_takes_its_run_along(
    tier: SandboxTier, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the supervisor is killed, its namespace dies with it, and the report says that nothing was shown."""
    sandbox = Sandbox(tier=tier, warm=False)
    if not sandbox.status().namespaces:
        pytest.skip("without namespaces only the run's first process dies with it")
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    started = asyncio.Event()
    source = "import os, time\nif os.fork() == 0: os.setsid()\nprint('up', flush=True)\ntime.sleep(60)"
    run = asyncio.create_task(sandbox.arun_program(source, on_line=lambda _: started.set()))
    await asyncio.wait_for(started.wait(), 60)
    assert working_in(open_folder)
    children = [path.read_text().split() for path in Path("/proc/self/task").glob("*/children")]
    for child in (int(number) for numbers in children for number in numbers):
        with contextlib.suppress(OSError):  # those of earlier tests may end meanwhile
            if b"launcher" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(child, signal.SIGKILL)
    report = await asyncio.wait_for(run, 20)
    assert "supervisor" in report.not_run
    assert working_in(open_folder) == []


def held() -> tuple[int, int, int]:
    """Return how many descriptors, children and mounts this process has."""
    children = sum(
        len(path.read_text().split()) for path in Path("/proc/self/task").glob("*/children") if path.exists()
    )
    return len(list(Path("/proc/self/fd").iterdir())), children, len(Path("/proc/mounts").read_text().splitlines())


async def fifty_runs(sandbox: Sandbox) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Make one run, then fifty, of which five are stopped; return what is held after the one and after the fifty."""
    await sandbox.arun_program("print(1)")
    await asyncio.to_thread(stop_servers)
    before = held()
    short = Limits(wall_seconds=0.3)
    for number in range(50):
        stuck = number % 10 == 0
        report = await sandbox.arun_program(
            "import time, os\nos.fork()\ntime.sleep(9)" if stuck else "print(1)", limits=short if stuck else None
        )
        assert report.ended == ("timeout" if stuck else "normal"), report
    await asyncio.to_thread(stop_servers)
    await asyncio.sleep(0)
    return before, held()


def fifty_runs_below(folder: Path, variant: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Make the fifty runs with their scratch folders in `folder`."""
    tempfile.tempdir = str(folder)
    return asyncio.run(fifty_runs(Sandbox(**VARIANTS[variant])))


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_many_runs_leave_nothing_behind(variant: str, open_folder: Path) -> None:
    """After fifty runs, some of them stopped, there are no more descriptors, children, mounts or files than before.

    In a process of its own: what earlier tests opened in this one may come and go meanwhile.
    """
    if reason := unavailable(variant):
        pytest.skip(f"no {variant} here: {reason}")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        before, after = process.submit(fifty_runs_below, open_folder, variant).result()
    assert after == before
    assert list(open_folder.iterdir()) == []
