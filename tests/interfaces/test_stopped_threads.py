"""Threads whose process died: they go on, wherever it was between two writes of their saver."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genloom.config import load_settings
from genloom.errors import ThreadError
from genloom.interfaces.job import prepare_job
from genloom.interfaces.thread import read_thread, resume_thread, run_thread
from genloom.tools.store.checkpoints import SqliteCheckpointer, open_checkpointer

STEPS = 6
"""Checkpoints of a run by search: the input, and after each of five nodes."""


class DeadError(BaseException):
    """The process is gone."""


class MortalSaver(SqliteCheckpointer):
    """A saver whose process dies at the checkpoint of a number: what its nodes wrote before stands in the file."""

    dies_at = 0
    saved = 0
    dies_at_writes = False

    def put(self, *arguments: Any) -> Any:  # Any: LangGraph's
        """Save, or die."""
        self.saved += 1
        if self.saved > self.dies_at:
            raise DeadError
        return super().put(*arguments)

    def put_writes(self, *arguments: Any) -> None:  # Any: LangGraph's
        """Keep what a task wrote, or die."""
        if self.dies_at_writes:
            raise DeadError
        super().put_writes(*arguments)


@pytest.fixture
def mortal(home: Path) -> Iterator[MortalSaver]:
    settings = load_settings()
    saver = MortalSaver(settings.home / "checkpoints.db", organisation=settings.organisation)
    yield saver
    saver.close()


def job() -> Any:  # Any: a job
    return prepare_job(
        "Double a number",
        {
            "examples": ["double(2) == 4", "double(0) == 0", "double(-3) == -6", "double(7) == 14"],
            "thread_id": "mortal",
            "generators": ["search"],
            "further_checks": "off",
        },
    )


async def die(saver: MortalSaver, dies_at: int) -> None:
    saver.dies_at = dies_at
    task = asyncio.create_task(run_thread(job(), None, saver=saver))
    done, _ = await asyncio.wait([task])
    assert isinstance(done.pop().exception(), DeadError)


@pytest.mark.parametrize("dies_at", range(1, STEPS))
async def test_a_thread_goes_on_wherever_its_process_died(mortal: MortalSaver, dies_at: int) -> None:
    """Also where a node's work is saved, and the checkpoint behind it is not."""
    await die(mortal, dies_at)
    stored = await read_thread("mortal", load_settings())
    assert stored.next, "a thread that can go on has something next"
    (listed,) = open_checkpointer(load_settings()).threads()
    assert listed.unfinished
    result = await (resume_thread("mortal", load_settings()) if dies_at % 2 else run_thread(job(), None))
    assert result.outcome == "passed"
    assert (await read_thread("mortal", load_settings())).next == ()


@pytest.mark.parametrize("by", ["resume", "run"])
async def test_a_thread_goes_on_that_died_with_nothing_but_its_input(mortal: MortalSaver, by: str) -> None:
    """No node has run, and what the input says stands in no field of the state yet."""
    mortal.dies_at_writes = True
    await die(mortal, 1)
    (listed,) = open_checkpointer(load_settings()).threads()
    assert listed.unfinished
    with pytest.raises(ThreadError, match="stopped before its first step"):
        await read_thread("mortal", load_settings())
    result = await (resume_thread("mortal", load_settings()) if by == "resume" else run_thread(job(), None))
    assert result.outcome == "passed"


async def test_a_thread_that_died_before_its_first_checkpoint_is_no_thread(mortal: MortalSaver) -> None:
    """The same job begins anew."""
    await die(mortal, 0)
    assert open_checkpointer(load_settings()).threads() == ()
    assert (await run_thread(job(), None)).outcome == "passed"


async def test_a_run_by_search_has_that_many_checkpoints(mortal: MortalSaver) -> None:
    """So that the cases above are all there are."""
    mortal.dies_at = 100
    assert (await run_thread(job(), None, saver=mortal)).outcome == "passed"
    assert mortal.saved == STEPS + 1
