"""Warm servers: runs of one server know nothing of each other or of it, and whatever happens to it shows in no report."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from descendants import adopting_orphans, descendants
from ordinary_user import run_as_ordinary_user

import genloom
from genloom.tools.sandbox import CallReport, Limits, Returned, Sandbox
from genloom.tools.sandbox.warm import warm_pool
from genloom.tools.sandbox.warm.warm_pool import MOST_SERVERS, stop_servers

LIMITS = Limits(
    wall_seconds=8, cpu_seconds=8, memory_megabytes=256, processes=24, file_megabytes=4, output_kilobytes=64
)
HERE = "import os\ndef here(): return os.getcwd()\n"


@pytest.fixture
def warm() -> Iterator[Sandbox]:
    """A sandbox whose next run starts a server of its own."""
    stop_servers()
    found = Sandbox(limits=LIMITS)
    if found.status().tier != "bubblewrap":
        pytest.skip(f"no warm starts here: {found.status().reason}")
    yield found
    stop_servers()


def value(report: CallReport) -> object:
    (result,) = report.results
    assert isinstance(result, Returned), report
    return result.value


def servers() -> list[int]:
    """The servers' own processes: not those that lead to them, nor those that they made."""
    serving = [number for number in descendants() if b"\0serve\0" in command(number)]
    return [number for number in serving if parent(number) not in serving]


def command(number: int) -> bytes:
    try:
        found = Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""
    return b"" if b"launcher" in found else found


def parent(number: int) -> int:
    try:
        return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


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


REACHES = """
import ctypes, os, resource, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
def reach():
    worked = []
    def attempt(name, action, *arguments):
        try:
            if action(*arguments) != -1: worked.append(name)
        except OSError: pass
    for number in [*range(3, 400), -1]:
        attempt('kill', os.kill, number, 9)
        attempt('trace', libc.ptrace, 16, number, 0, 0)
        attempt('limits', resource.prlimit, number, resource.RLIMIT_NOFILE)
        attempt('memory', libc.process_vm_readv, number, 0, 0, 0, 0, 0)
        attempt('session', os.getsid, number)
    for number in range(3, 256):
        attempt('message', socket.socket, -1, -1, -1, number)
    for name in ('/proc/1/root', '/proc/self/fd', '/proc/2/mem'): attempt(name, os.stat, name)
    attempt('socket', socket.socket, socket.AF_UNIX)
    attempt('namespace', libc.unshare, 0x10000000)
    attempt('mount', libc.mount, b'none', b'/tmp', b'tmpfs', 0, None)
    attempt('rights', libc.prctl, 38, 0, 0, 0, 0)
    attempt('write', open, os.path.join(os.path.dirname(os.getcwd()), 'left'), 'w')
    return worked
"""


def test_hostile_run_does_not_reach_the_server_or_other_runs(warm: Sandbox) -> None:
    """With every process that can be named killed or traced and every descriptor tried, the server and others go on."""

    async def together() -> tuple[CallReport, CallReport, CallReport]:
        slow = warm.acall({"draft.py": "import time\ndef f(): time.sleep(1); return 5\n"}, "draft", ["f()"])
        hostile = warm.acall({"draft.py": REACHES}, "draft", ["reach()"])
        return await asyncio.gather(slow, hostile, warm.acall({"draft.py": HERE}, "draft", ["here()"]))

    slow, hostile, other = asyncio.run(together())
    assert value(hostile) == []
    assert value(slow) == 5
    assert value(warm.call({"draft.py": HERE}, "draft", ["here()"])) == value(other)


SURVIVOR = """
import ctypes, os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, b'survivor', 0, 0, 0)
        for number in range(20):
            try: os.close(number)
            except OSError: pass
        time.sleep(60)
    os._exit(0)
time.sleep(0.3)
def f(): return 1
"""


def test_whole_tree_is_gone_with_the_report(warm: Sandbox) -> None:
    """A child that forked twice, took its own session and closed all descriptors does not outlive its run."""
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            seen.extend(descendants().values())

    watching = threading.Thread(target=watch)
    watching.start()
    report = warm.call({"draft.py": SURVIVOR}, "draft", ["f()"])
    left = list(descendants().values())
    done.set()
    watching.join()
    assert value(report) == 1
    assert "survivor" in seen
    assert "survivor" not in left


def test_signal_to_everybody_stays_inside(warm: Sandbox) -> None:
    """The first process of a run's namespace and the run's group are all that a signal finds."""
    source = (
        "import os, signal\nsignal.signal(15, signal.SIG_IGN)\ndef f():\n    os.kill(0, 15)\n"
        "    try: os.kill(1, 9)\n    except OSError: pass\n    return os.getcwd()\n"
    )
    first = value(warm.call({"draft.py": source}, "draft", ["f()"]))
    assert value(warm.call({"draft.py": HERE}, "draft", ["here()"])) == first


async def test_many_runs_at_once(warm: Sandbox) -> None:
    """Concurrent runs of one server keep to their own values, also beside one that forks as much as it can."""
    bomb = "import os\ndef f():\n    while True:\n        try: os.fork()\n        except OSError: pass\n"
    source = (
        "import os\ndef f(x):\n    open('mine', 'x').write(str(x))\n"
        "    return open('mine').read(), sorted(os.listdir('.'))\n"
    )
    bombs = [warm.acall({"draft.py": bomb}, "draft", ["f()"], limits=Limits(wall_seconds=2, processes=16))]
    runs = [warm.acall({"draft.py": source}, "draft", [f"f({n})"]) for n in range(6)]
    ended, *reports = await asyncio.gather(*bombs, *runs)
    assert ended.ended == "timeout"
    assert [value(report) for report in reports] == [(str(n), ["draft.py", "mine"]) for n in range(6)]


GREEDY = "import os, time\nfor _ in range(5): os.fork()\nx = b'x' * (60 << 20)\ntime.sleep(20)"


@pytest.mark.parametrize(
    ("source", "limits", "ended"),
    [
        ("while True: pass", Limits(wall_seconds=0.5), "timeout"),
        ("while True: pass", Limits(cpu_seconds=1, wall_seconds=20), "timeout"),
        ("import time; time.sleep(60)", Limits(wall_seconds=0.5), "timeout"),
        (GREEDY, Limits(memory_megabytes=150), "memory"),
        ("print('x' * 200_000)", Limits(output_kilobytes=64), "output"),
        ("import os; os.kill(os.getpid(), 9)", LIMITS, "killed"),
        ("raise SystemExit(3)", LIMITS, "exit"),
    ],
)  # fmt: skip
def test_limits_hold_for_each_run(warm: Sandbox, source: str, limits: Limits, ended: str) -> None:
    """Time, processor time, memory of the tree and output end a run and leave the server as it was."""
    before = [value(warm.call({"draft.py": HERE}, "draft", ["here()"])) for _ in range(2)][-1]
    for _ in range(2):  # a program is run warm from its second start on
        report = warm.run_program(source, limits=limits)
        assert report.ended == ended, report
    assert value(warm.call({"draft.py": HERE}, "draft", ["here()"])) == before


async def test_cancelled_run_is_gone_and_the_server_is_not(warm: Sandbox) -> None:
    """Cancelling ends the run's whole tree before the cancellation comes through; other runs of the server go on."""
    where = value(await warm.acall({"draft.py": HERE}, "draft", ["here()"]))
    source = (
        "import ctypes, os, time\ndef f():\n    os.fork() or os.setsid()\n"
        "    ctypes.CDLL(None).prctl(15, b'cancelled', 0, 0, 0)\n    time.sleep(60)\n"
    )
    run = asyncio.create_task(warm.acall({"draft.py": source}, "draft", ["f()"]))
    other = asyncio.create_task(warm.acall({"draft.py": "import time\ntime.sleep(2)\nX = 1\n"}, "draft", ["X"]))
    assert await asyncio.to_thread(wait_until, lambda: [*descendants().values()].count("cancelled") == 2)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert "cancelled" not in descendants().values()
    assert value(await other) == 1
    assert value(await warm.acall({"draft.py": HERE}, "draft", ["here()"])) == where


async def test_cancelled_before_the_server_is_up(warm: Sandbox) -> None:
    """A run that is cancelled while its server starts harms nobody."""
    run = asyncio.create_task(warm.acall({"draft.py": HERE}, "draft", ["here()"]))
    await asyncio.sleep(0.02)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert value(await warm.acall({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1


async def test_server_that_is_killed_in_a_run_gives_no_result(warm: Sandbox) -> None:
    """Its runs are reported as not run; the next one has a new server."""
    await warm.acall({"draft.py": HERE}, "draft", ["here()"])
    run = asyncio.create_task(warm.acall({"draft.py": "import time\ntime.sleep(60)\nX = 1\n"}, "draft", ["X"]))
    await asyncio.sleep(0.7)
    for server in await asyncio.to_thread(servers):
        os.kill(server, signal.SIGKILL)
    report = await asyncio.wait_for(run, 20)
    assert "supervisor" in report.not_run
    assert report.results == ()
    assert value(await warm.acall({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1
    assert len(await asyncio.to_thread(servers)) == 1


def test_server_that_died_meanwhile_is_replaced(warm: Sandbox) -> None:
    """Nobody notices that an idle server was killed. While it dies it may still take a run, which is then not run."""
    for turn in range(4):
        report = warm.call({"draft.py": "X = 1\n"}, "draft", ["X"])
        assert "supervisor" in report.not_run if turn % 2 and report.not_run else value(report) == 1
        for server in servers():
            os.kill(server, signal.SIGKILL)
        if turn % 2:
            assert wait_until(lambda: not any(b"\0serve\0" in command(number) for number in descendants()))
    assert value(warm.call({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1


def test_prepared_run_that_died_is_made_again(warm: Sandbox) -> None:
    """When the run that is always prepared is killed, the server makes another."""
    where = value(warm.call({"draft.py": HERE}, "draft", ["here()"]))
    (server,) = servers()
    assert wait_until(lambda: len([n for n in descendants() if parent(n) == server]) == 1)
    for number in descendants():
        if parent(number) == server:
            os.kill(number, signal.SIGKILL)
    assert value(warm.call({"draft.py": HERE}, "draft", ["here()"])) == where


def environment(folder: Path, hook: str) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    next(folder.glob("lib/python3.*/site-packages")).joinpath("hook.pth").write_text(hook + "\n")
    return folder / "bin" / "python"


@pytest.mark.parametrize("act", ["os._exit(3)", "os.close(3)", "os.kill(os.getpid(), 9)"])
def test_environment_in_which_no_server_comes_up_is_run_cold(warm: Sandbox, tmp_path: Path, act: str) -> None:
    """A start-up hook that ends servers only makes runs slower."""
    python = environment(tmp_path / "venv", f"import os, sys; 'serve' in sys.orig_argv and {act}")
    sandbox = Sandbox(python=python, limits=LIMITS)
    for _ in range(2):
        assert value(sandbox.call({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1
    assert servers() == []


def test_servers_are_few(warm: Sandbox, tmp_path: Path) -> None:
    """Each environment has a server of its own; those unused longest give way."""
    for number in range(MOST_SERVERS + 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "mine.py").write_text(f"X = {number}\n")
        sandbox = Sandbox(limits=LIMITS, import_from=[folder])
        assert value(sandbox.call({"draft.py": "import mine\n"}, "draft", ["mine.X"])) == number
    assert wait_until(lambda: len(servers()) == MOST_SERVERS)


def test_folder_that_was_made_anew_is_seen(warm: Sandbox, tmp_path: Path) -> None:
    """A server shows the folders of today, not those that had their names when it was started."""
    folder = tmp_path / "modules"
    sandbox = Sandbox(limits=LIMITS, import_from=[folder])
    for number in range(3):
        folder.mkdir()
        (folder / "mine.py").write_text(f"X = {number}\n")
        assert value(sandbox.call({"draft.py": "import mine\n"}, "draft", ["mine.X"])) == number
        folder.rename(tmp_path / f"old{number}")


def test_package_that_was_installed_meanwhile_is_found(warm: Sandbox, tmp_path: Path) -> None:
    """What comes into an environment after a server's start is there for the next run, hooks included."""
    python = environment(tmp_path / "venv", "import sys; sys.hooked = 1")
    sandbox = Sandbox(python=python, limits=LIMITS)
    assert value(sandbox.call({"draft.py": "import sys\n"}, "draft", ["sys.hooked"])) == 1
    packages = next((tmp_path / "venv").glob("lib/python3.*/site-packages"))
    (packages / "new.py").write_text("X = 3\n")
    (packages / "other.pth").write_text("import sys; sys.hooked = 2\n")
    assert value(sandbox.call({"draft.py": "import new, sys\n"}, "draft", ["(sys.hooked, new.X)"])) == (2, 3)


def test_idle_server_ends(warm: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that nobody used for a while is gone, with everything that belongs to it."""
    monkeypatch.setattr(warm_pool, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(warm_pool, "SWEEP_SECONDS", 0.1)
    before = set(descendants())
    assert value(warm.call({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1
    assert wait_until(lambda: set(descendants()) <= before)


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


PARENT = """
import asyncio, time
from genloom.tools.sandbox import Sandbox
sandbox = Sandbox()
assert sandbox.call({'draft.py': 'X = 1'}, 'draft', ['X']).results
async def main():
    source = 'import os, time\\nif os.fork() == 0: os.setsid()\\ntime.sleep(60)\\n'
    runs = [asyncio.create_task(sandbox.acall({'draft.py': source}, 'draft', ['1'])) for _ in range(2)]
    await asyncio.sleep(1)
    print('up', flush=True)
    await asyncio.gather(*runs)
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_its_parent(warm: Sandbox, number: signal.Signals) -> None:
    """However genloom ends, its servers and their runs are gone soon after."""
    place = {**os.environ, "PYTHONPATH": str(Path(genloom.__file__).parents[1])}
    with adopting_orphans():
        before = set(descendants())
        with subprocess.Popen([sys.executable, "-c", PARENT], env=place, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            assert len(servers()) == 1
            process.send_signal(number)
        assert wait_until(lambda: set(descendants()) <= before)


def test_ordinary_user_has_warm_starts_too(warm: Sandbox, tmp_path: Path) -> None:
    """Without root, one server makes the runs, each in namespaces of its own."""
    code = (
        "from genloom.tools.sandbox import Sandbox\nsandbox = Sandbox()\nprint(sandbox.status().tier)\n"
        "source = 'import os\\ndef f(): return os.getcwd(), os.getpid(), os.getuid()\\n'\n"
        "found = [sandbox.call({'draft.py': source}, 'draft', ['f()']).results[0].value for _ in range(2)]\n"
        "print(found[0] == found[1], found[0][1:])\n"
    )
    done = run_as_ordinary_user(code, tmp_path)
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    if lines[0] != "bubblewrap":
        pytest.skip("no bubblewrap for an ordinary user here")
    assert lines[1].startswith("True (2, "), done


@pytest.mark.slow
async def test_thousands_of_runs_leave_memory_and_descriptors_as_they_were(warm: Sandbox) -> None:
    """After many runs this process holds no more than after the first hundred, and the server no more either."""

    async def some(count: int) -> None:
        for _ in range(count):
            assert value(await warm.acall({"draft.py": "def f(x): return x\n"}, "draft", ["f(1)"])) == 1

    def held() -> tuple[int, int, int]:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        (server,) = servers()
        resident = int(Path(f"/proc/{server}/statm").read_text().split()[1])
        return len(list(Path("/proc/self/fd").iterdir())), kilobytes, resident

    await some(100)
    descriptors, kilobytes, resident = await asyncio.to_thread(held)
    await some(1900)
    after = await asyncio.to_thread(held)
    assert after[0] == descriptors
    assert after[1] < kilobytes + 8192
    assert after[2] < resident + 256


def test_fork_begins_with_a_pool_of_its_own(warm: Sandbox) -> None:
    """Whoever held the lock is not in the child, and the child's copies do not keep a server alive."""
    assert value(warm.call({"draft.py": HERE}, "draft", ["here()"]))
    (entry,) = warm_pool._pool._entries.values()
    control = entry.server._control
    with warm_pool._pool._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # ends a child that waits for ever
            stop_servers()
            os._exit(0 if not os.path.exists(f"/proc/self/fd/{control}") else 3)  # noqa: PTH110
    assert os.waitpid(child, 0)[1] == 0
    assert entry.server.is_running()


def test_start_up_hooks_may_print_more_than_a_pipe_holds(warm: Sandbox, tmp_path: Path) -> None:
    """A server comes to serve whatever its interpreter's hooks print."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    packages = next((tmp_path / "venv").glob("lib/python3.*/site-packages"))
    (packages / "hook.pth").write_text("import sys; sys.stderr.write('x' * 100_000)\n")
    chatty = Sandbox(python=tmp_path / "venv/bin/python")
    report = chatty.call({"draft.py": HERE}, "draft", ["here()"])
    assert value(report)
    assert len(servers()) == 1
    assert "x" * 1000 not in report.stderr


def test_streams_of_a_run_are_pipes_from_the_start(warm: Sandbox) -> None:
    """What a stream found out about itself in the server holds in the run."""
    source = "import sys\ndef f(): return [(s.seekable(), s.isatty()) for s in (sys.stdout, sys.stderr)]\n"
    assert value(warm.call({"draft.py": source}, "draft", ["f()"])) == [(False, False)] * 2
