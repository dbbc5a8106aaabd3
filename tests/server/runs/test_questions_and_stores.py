"""Questions are answered by whoever was asked them; stores that cannot serve end no run, what cannot be read does."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from gated_model import Gate

from genloom.errors import StorageError
from genloom.interfaces.server.runs import leg
from genloom.interfaces.server.runs.worker import _safely
from genloom.tools.codegen.wire import ResumeAgentRunInput
from genloom.tools.store.checkpoints import SqliteCheckpointer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TESTS = "from shout import shout\n\n\ndef test_shout():\n    assert shout('a') == 'A?!x'\n"
SHOUT = {"name": "shout", "tests": TESTS, "approval": True}
DOUBLE = {"name": "double", "examples": ["double(2) == 4", "double(5) == 10"]}
MODEL = {"model": "openai:test-model"}


def said(run, prompt: str) -> ResumeAgentRunInput:
    return ResumeAgentRunInput(agent_run_id=run.id, prompt=prompt)


@pytest.mark.slow
async def test_what_was_said_before_the_question_is_no_answer_to_it(desk, gate: Gate, monkeypatch) -> None:
    """A run that was held is told to go on; its worker dies when the question stands and nobody was asked it yet."""
    run = await desk.create("Shout.", metadata=SHOUT)
    async with desk.working(**MODEL):
        assert await asyncio.to_thread(gate.asked.wait, 60)
        await desk.want(run, "pause")
        gate.opened.set()
        held = await desk.wait(run, "paused")
    assert held.question is None
    await desk.storage.runs.resume(1, run.id, said(run, "ok, go on"))
    died = asyncio.Event()

    async def die(*_: object) -> None:
        died.set()
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(leg.Leg, "_written_down", die)
        async with desk.working(**MODEL), asyncio.timeout(60):
            await died.wait()
    assert (await desk.get(run)).status == "in_progress"
    async with desk.working(**MODEL, lease_seconds=1.0):
        asked = await desk.wait(run, "paused", "completed", "failed")
        assert (asked.status, asked.takeovers) == ("paused", 1)
        assert asked.question
        await desk.storage.runs.resume(1, run.id, said(run, "approve"))
        ended = await desk.wait(run)
    assert ended.status == "completed"
    assert "Approved by a person" in ended.summary


@pytest.mark.slow
async def test_an_answer_is_one_to_the_question_that_stood_when_it_was_given(desk) -> None:
    """A yes to another question is none to the one in which the thread waits: that one is asked again."""
    run = await desk.create("Double a number.", metadata={**DOUBLE, "approval": True})
    async with desk.working():
        asked = await desk.wait(run, "paused")
    await desk.storage.runs.resume(1, run.id, said(run, "hm"))
    leased = await desk.storage.runs.lease("one that asks otherwise")
    await desk.storage.runs.pause(run.id, leased.lease_epoch, "Another question?", question="another")
    await desk.storage.runs.resume(1, run.id, said(run, "approve"))
    async with desk.working():
        again = await desk.wait(run, "paused", "completed")
    assert (again.status, again.question) == ("paused", asked.question)
    assert "approval is asked for" in again.summary


async def test_a_run_whose_checkpoint_cannot_be_read_fails(desk, sqlite_url: str) -> None:
    """It would neither end nor take a cancel, and go from worker to worker for ever."""
    run = await desk.create("Double a number.", metadata={**DOUBLE, "approval": True})
    async with desk.working():
        await desk.wait(run, "paused")
        with sqlite3.connect(Path(sqlite_url.removeprefix("sqlite:///")).with_name("checkpoints.db")) as checkpoints:
            checkpoints.execute("UPDATE checkpoints SET checkpoint = ?", (b"\x00garbage",))
        await desk.storage.runs.resume(1, run.id, said(run, "approve"))
        ended = await desk.wait(run)
    assert (ended.status, ended.takeovers, ended.lease_epoch) == ("failed", 0, 2)
    assert "cannot be read" in ended.summary
    assert "as a new run" in ended.summary


class Store:
    """A store that cannot serve until it is told to, and counts how often it was asked meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away, self.asked = True, 0
        real = SqliteCheckpointer.aget_tuple

        async def get(saver: SqliteCheckpointer, config: object) -> object:
            if self.away:
                self.asked += 1
                raise StorageError("The disk is full.")
            return await real(saver, config)

        monkeypatch.setattr(SqliteCheckpointer, "aget_tuple", get)
        monkeypatch.setattr(leg, "WAIT_SECONDS", 0.01)

    async def was_asked(self, times: int) -> None:
        async with asyncio.timeout(60):
            while self.asked < times:
                await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_a_store_that_is_away_is_waited_for_however_often_it_fails(desk, monkeypatch, capsys) -> None:
    """For longer than the run may take: waiting is no work. The lease is kept, so that nobody counts a dead worker."""
    store = Store(monkeypatch)
    run = await desk.create("Double a number.", metadata=DOUBLE)
    async with desk.working(run_seconds=30):
        await store.was_asked(7)
        waits = await desk.get(run)
        store.away = False
        ended = await desk.wait(run)
    assert waits.status == "in_progress"
    assert (ended.status, ended.takeovers, ended.lease_epoch) == ("completed", 0, 1), ended.summary
    assert capsys.readouterr().err.count("waits: The disk is full.") == 1


async def test_a_run_that_waits_for_a_store_can_be_cancelled(desk, monkeypatch) -> None:
    store = Store(monkeypatch)
    run = await desk.create("Double a number.", metadata=DOUBLE)
    async with desk.working():
        await store.was_asked(1)
        await desk.storage.runs.want(1, run.id, "cancel")
        assert (await desk.wait(run)).status == "cancelled"


@pytest.mark.slow
async def test_a_database_that_is_away_for_longer_than_a_lease_makes_no_worker_count_as_dead(desk, monkeypatch) -> None:
    """Else four outages would fail a run that did nothing wrong."""
    store, runs = Store(monkeypatch), desk.storage.runs
    real = runs.beat

    async def beat(*given: int, **more: float) -> object:
        if store.away:
            raise StorageError("The disk is full.")
        return await real(*given, **more)

    monkeypatch.setattr(runs, "beat", beat)
    run = await desk.create("Double a number.", metadata=DOUBLE)
    async with desk.working(lease_seconds=1.0):
        async with asyncio.timeout(60):
            while (await desk.get(run)).lease_epoch < 3:
                await asyncio.sleep(0.02)
        store.away = False
        ended = await desk.wait(run)
    assert (ended.status, ended.takeovers) == ("completed", 0), ended.summary


async def test_what_ends_a_leg_unforeseen_is_told_without_its_words(desk, capsys) -> None:
    """Errors of validation quote what they validate: prompts."""
    run = await desk.create("A private prompt.")

    async def raises() -> None:
        raise ValueError(run.prompt)

    await _safely(run, raises())
    told = capsys.readouterr().err
    assert f"run {run.id}: ValueError" in told
    assert "private" not in told
