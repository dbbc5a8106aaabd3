"""The event loop is never held up: reading the disk, starting processes and cleaning up happen in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from genloom.tools.sandbox import Returned, Sandbox

blockbuster = pytest.importorskip("blockbuster", reason="blockbuster, which finds blocking calls, is not installed")


@pytest.fixture
def no_blocking(sandbox: Sandbox) -> Iterator[None]:
    """Every blocking call that genloom makes inside an event loop raises."""
    with blockbuster.blockbuster_ctx(scanned_modules=["genloom"]):
        yield


def test_blocking_call_would_be_found(no_blocking: None) -> None:
    """The net has no hole: what the sandbox does in a thread raises when it is done in the loop."""
    from genloom.tools.sandbox.interpreter import find_interpreter

    async def find() -> None:
        find_interpreter()

    with pytest.raises(blockbuster.BlockingError):
        asyncio.run(find())


async def test_self_test_and_calls_do_not_block(no_blocking: None, tmp_path: Path) -> None:
    """From the first self-test to the last clean-up; `allow_weak` makes it a sandbox that nobody tested before."""
    sandbox = Sandbox(allow_weak=True, import_from=[tmp_path])
    report = await sandbox.acall({"draft.py": "def f(x): return x\n"}, "draft", ["f(1)"])
    assert report.results == (Returned(value=1),), report


async def test_tests_do_not_block(no_blocking: None, sandbox: Sandbox) -> None:
    """Looking for pytest is work for a thread too."""
    report = await sandbox.atest({"draft.py": "X = 1\n"}, "import draft\ndef test(): assert draft.X == 1\n")
    assert [case.result for case in report.cases] == ["passed"], report


async def test_programs_do_not_block(no_blocking: None, sandbox: Sandbox, open_folder: Path) -> None:
    """Neither a program's text nor a file of one."""
    path = open_folder / "program.py"
    await asyncio.to_thread(path.write_text, "print(2)\n")
    assert (await sandbox.arun_program("print(1)\n")).stdout == "1\n"
    assert (await sandbox.arun_program(path)).stdout == "2\n"
