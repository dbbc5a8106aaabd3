"""The life of warm servers: when they start and end, what they show, and that their death shows in no report."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from descendants import descendants
from warm_servers import HERE, LIMITS, command, has_name, named, parent, servers, value, wait_until

from genloom.tools.sandbox import Sandbox
from genloom.tools.sandbox.warm import warm_pool
from genloom.tools.sandbox.warm.warm_pool import MOST_SERVERS


async def test_server_that_is_killed_in_a_run_gives_no_result(warm: Sandbox) -> None:
    """Its runs are reported as not run; the next one has a new server."""
    await warm.acall({"draft.py": HERE}, "draft", ["here()"])
    source = named("at-work") + "import time\ntime.sleep(120)\nX = 1\n"
    run = asyncio.create_task(warm.acall({"draft.py": source}, "draft", ["X"]))
    assert await asyncio.to_thread(wait_until, has_name("at-work"))
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


def is_prepared(server: int) -> bool:
    """Whether the only run that a server has prepared is there: below its maker and its first process."""
    return len([number for number in descendants() if parent(parent(parent(number))) == server]) == 1


def test_refused_run_does_not_end_the_server(warm: Sandbox) -> None:
    """The maker of a refused run ends, at once; a server that hears of it late goes on."""
    assert value(warm.call({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1
    (server,) = servers()
    assert wait_until(lambda: is_prepared(server))
    os.kill(server, signal.SIGSTOP)
    try:
        assert "(files)" in warm.call({"a": "", "a/draft.py": ""}, "draft", ["X"]).not_run
        assert wait_until(lambda: not any(parent(number) == server for number in descendants()))
    finally:
        os.kill(server, signal.SIGCONT)
    assert value(warm.call({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1
    assert servers() == [server]


def test_prepared_run_that_died_under_its_maker_takes_no_order(warm: Sandbox) -> None:
    """A draft does not answer for the death of a run that it was not yet in: the maker ends and leaves the order to the
    next."""
    assert value(warm.call({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1
    (server,) = servers()
    assert wait_until(lambda: is_prepared(server))
    (prepared,) = [number for number in descendants() if parent(parent(parent(number))) == server]
    maker = parent(parent(prepared))
    os.kill(prepared, signal.SIGKILL)
    assert wait_until(lambda: maker not in descendants())
    assert value(warm.call({"draft.py": "X = 1\n"}, "draft", ["X"])) == 1
    assert servers() == [server]


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
