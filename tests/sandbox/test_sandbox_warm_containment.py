"""What hostile runs of a warm server do to it, to one another and to their limits: nothing."""

from __future__ import annotations

import asyncio
import threading

import pytest
from descendants import descendants
from warm_servers import HERE, LIMITS, value

from genloom.tools.sandbox import Limits, Sandbox
from genloom.tools.sandbox.conversation.call_conversation import Ask

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


async def test_hostile_run_does_not_reach_the_server_or_other_runs(warm: Sandbox) -> None:
    """With every process that can be named killed or traced and every descriptor tried, the server and others go on."""

    loaded, over = asyncio.Event(), asyncio.Event()

    async def ask_later(ask: Ask) -> None:
        loaded.set()
        await over.wait()
        await ask("X")

    lasting = asyncio.create_task(warm.aexplore({"draft.py": "X = 5\n"}, "draft", ask_later))
    await loaded.wait()
    reaching = warm.acall({"draft.py": REACHES}, "draft", ["reach()"])
    hostile, other = await asyncio.gather(reaching, warm.acall({"draft.py": HERE}, "draft", ["here()"]))
    over.set()
    assert value(hostile) == []
    assert value(await lasting) == 5
    assert value(await warm.acall({"draft.py": HERE}, "draft", ["here()"])) == value(other)


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
    bombs = [warm.acall({"draft.py": bomb}, "draft", ["f()"], limits=Limits(wall_seconds=1, processes=16))]
    runs = [warm.acall({"draft.py": source}, "draft", [f"f({n})"]) for n in range(6)]
    ended, *reports = await asyncio.gather(*bombs, *runs)
    assert ended.ended == "timeout"
    assert [value(report) for report in reports] == [(str(n), ["draft.py", "mine"]) for n in range(6)]


GREEDY = "import os, time\nfor _ in range(5): os.fork()\nx = b'x' * (60 << 20)\ntime.sleep(20)"


@pytest.mark.parametrize(
    ("source", "limits", "ended"),
    [
        ("while True: pass", Limits(wall_seconds=0.5), "timeout"),
        pytest.param("while True: pass", Limits(cpu_seconds=1, wall_seconds=20), "timeout", marks=pytest.mark.slow),
        pytest.param("import time; time.sleep(60)", Limits(wall_seconds=0.5), "timeout", marks=pytest.mark.slow),
        (GREEDY, Limits(memory_megabytes=150), "memory"),
        ("print('x' * 200_000)", Limits(output_kilobytes=64), "output"),
        ("import os; os.kill(os.getpid(), 9)", LIMITS, "killed"),
        ("raise SystemExit(3)", LIMITS, "exit"),
    ],
)  # fmt: skip
def test_limits_hold_for_each_run(warm: Sandbox, source: str, limits: Limits, ended: str) -> None:
    """Time, processor time, memory of the tree and output end a run and leave the server as it was."""
    before = [value(warm.call({"draft.py": HERE}, "draft", ["here()"])) for _ in range(2)][-1]
    warm.run_program("", limits=limits)  # programs are run warm from the second on
    report = warm.run_program(source, limits=limits)
    assert report.ended == ended, report
    assert value(warm.call({"draft.py": HERE}, "draft", ["here()"])) == before
