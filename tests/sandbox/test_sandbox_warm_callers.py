"""Who uses warm servers: callers that cancel, that end, that fork, and that are not root."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from descendants import adopting_orphans, descendants
from ordinary_user import run_as_ordinary_user
from warm_servers import HERE, has_name, named, servers, value, wait_until

import genloom
from genloom.tools.sandbox import Sandbox
from genloom.tools.sandbox.conversation.call_conversation import Ask
from genloom.tools.sandbox.warm import warm_pool
from genloom.tools.sandbox.warm.warm_pool import stop_servers


async def test_cancelled_run_is_gone_and_the_server_is_not(warm: Sandbox) -> None:
    """Cancelling ends the run's whole tree before the cancellation comes through; other runs of the server go on."""
    where = value(await warm.acall({"draft.py": HERE}, "draft", ["here()"]))
    over = asyncio.Event()

    async def ask_later(ask: Ask) -> None:
        await over.wait()
        await ask("X")

    source = f"import os, time\nos.fork() or os.setsid()\n{named('cancelled')}time.sleep(60)\n"
    run = asyncio.create_task(warm.acall({"draft.py": source}, "draft", ["1"]))
    other = asyncio.create_task(warm.aexplore({"draft.py": "X = 1\n"}, "draft", ask_later))
    assert await asyncio.to_thread(wait_until, has_name("cancelled", 2))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert "cancelled" not in descendants().values()
    over.set()
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


WAITS = "import os, time\nif os.fork() == 0: os.setsid()\n" + named("outliving") + "time.sleep(200)\n"

PARENT = f"""
import asyncio
from genloom.tools.sandbox import Limits, Sandbox
sandbox = Sandbox(limits=Limits(wall_seconds=200))
assert sandbox.call({{'draft.py': 'X = 1'}}, 'draft', ['X']).results
async def main():
    await asyncio.gather(*(sandbox.acall({{'draft.py': {WAITS!r}}}, 'draft', ['1']) for _ in range(2)))
asyncio.run(main())
"""


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_nothing_outlives_its_parent(warm: Sandbox, number: signal.Signals) -> None:
    """However genloom ends, its servers and their runs are gone soon after."""
    place = {**os.environ, "PYTHONPATH": str(Path(genloom.__file__).parents[1])}
    with adopting_orphans():
        before = set(descendants())
        with subprocess.Popen([sys.executable, "-c", PARENT], env=place) as process:
            assert wait_until(has_name("outliving", 4))
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
