"""Runs of one warm server know nothing of each other, and each starts as if it were alone."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from warm_servers import HERE, LIMITS, servers, value

from genloom.tools.sandbox import Sandbox


def test_one_server_makes_the_runs(warm: Sandbox) -> None:
    """Two runs come out of the same server, which shows by their folder's path; a cold one has another."""
    first, second = (value(warm.call({"draft.py": HERE}, "draft", ["here()"])) for _ in range(2))
    assert first == second
    assert value(Sandbox(limits=LIMITS, warm=False).call({"draft.py": HERE}, "draft", ["here()"])) != first
    assert len(servers()) == 1


CHANGES = """
import builtins, os, random, subprocess, sys, tempfile, threading
def change():
    builtins.changed = sys.changed = True
    sys.modules['left_behind'] = sys
    sys.path.insert(0, '/left'); sys.argv.append('left'); os.environ['LEFT'] = 'x'
    random.seed(1)
    os.umask(0); os.chdir('/')
    os.chdir(tempfile.gettempdir())
    open('left', 'w').write('secret'); os.mkdir('folder')
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    subprocess.Popen(['sleep', '60'])
    return 1
def left():
    return (hasattr(builtins, 'changed'), hasattr(sys, 'changed'), 'left_behind' in sys.modules, '/left' in sys.path,
            sys.argv[1:], 'LEFT' in os.environ, os.umask(0o22), os.listdir('.'), threading.active_count(), os.getpid())
"""


def test_nothing_of_one_run_is_left_for_the_next(warm: Sandbox) -> None:
    """Modules, paths, variables, files, threads and processes of a run are its own."""
    files = {"draft.py": CHANGES}
    assert value(warm.call(files, "draft", ["change()"])) == 1
    expected = (False, False, False, False, ["calls"], False, 0o22, ["draft.py"], 1, 2)
    assert value(warm.call(files, "draft", ["left()"])) == expected


def test_random_numbers_differ_between_runs(warm: Sandbox) -> None:
    """Copies of one process do not share the state of `random`, nor the names of temporary files."""
    tests = (
        "import random, tempfile\n"
        "def test_a(): raise OSError(random.random())\n"
        "def test_b(): raise OSError(tempfile.mktemp())\n"
    )
    reports = [warm.test({}, tests) for _ in range(3)]
    for case in range(2):
        told = [report.cases[case].detail.partition("E ")[2].partition("\n")[0] for report in reports]
        assert all("OSError" in each for each in told)
        assert len(set(told)) == 3


def test_streams_of_a_run_are_pipes_from_the_start(warm: Sandbox) -> None:
    """What a stream found out about itself in the server holds in the run."""
    source = "import sys\ndef f(): return [(s.seekable(), s.isatty()) for s in (sys.stdout, sys.stderr)]\n"
    assert value(warm.call({"draft.py": source}, "draft", ["f()"])) == [(False, False)] * 2


def test_loops_and_threads_share_the_servers(warm: Sandbox) -> None:
    """Any number of threads, each with an event loop of its own, use the same server."""
    found: list[object] = []

    def use() -> None:
        found.append(value(asyncio.run(warm.acall({"draft.py": HERE}, "draft", ["here()"]))))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


async def one_after_the_other(sandbox: Sandbox, count: int) -> None:
    for _ in range(count):
        assert value(await sandbox.acall({"draft.py": "def f(x): return x\n"}, "draft", ["f(1)"])) == 1


def held() -> tuple[int, int, int]:
    """Return this process's descriptors, the most memory that it had, in KiB, and the pages of its only server."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (server,) = servers()
    resident = int(Path(f"/proc/{server}/statm").read_text().split()[1])
    return len(list(Path("/proc/self/fd").iterdir())), kilobytes, resident


async def two_thousand_runs() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Make the runs, two at once; return what is held after the first hundred and after all."""
    sandbox, seen = Sandbox(limits=LIMITS), []
    for count in (100, 1900):
        await asyncio.gather(*(one_after_the_other(sandbox, count // 2) for _ in range(2)))
        seen.append(await asyncio.to_thread(held))
    return seen[0], seen[1]


def runs_of_their_own_process() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    return asyncio.run(two_thousand_runs())


@pytest.mark.slow
def test_thousands_of_runs_leave_memory_and_descriptors_as_they_were(warm: Sandbox) -> None:
    """After many runs, two at once, a process holds no more than after the first hundred, and its server no more either.

    In a process of its own: what earlier tests opened and took in this one hides what the runs do.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        before, after = process.submit(runs_of_their_own_process).result()
    assert after[0] == before[0]
    assert after[1] < before[1] + 8192
    assert after[2] < before[2] + 256
