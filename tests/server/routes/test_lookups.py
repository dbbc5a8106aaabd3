"""Lookups that share queries: each answer is of its own question's time and organisation."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from genloom.errors import StorageError
from genloom.interfaces.server.lookups import RunLookups
from genloom.interfaces.server.storage import Storage
from genloom.tools.codegen.wire import CreateAgentRunInput


async def created(storage: Storage) -> int:
    run, _ = await storage.runs.create(1, 1, CreateAgentRunInput(prompt="p"), graph="generation", most_queued=99)
    return run.id


@pytest.fixture
def lookups(storage: Storage) -> RunLookups:
    """Lookups on an opened storage."""
    return RunLookups(storage)


async def test_many_at_once_get_their_own(storage: Storage, lookups: RunLookups) -> None:
    """Runs, numbers of nothing, and another organisation's runs, several times each."""
    numbers = [await created(storage) for _ in range(3)]
    asked = [(organization, number) for organization in (1, 2) for number in (*numbers, 0, -1, 99, 2**70)] * 3
    found = await asyncio.gather(*(lookups.get(*key) for key in asked))
    assert [None if run is None else (run.organization_id, run.id) for run in found] == [
        (1, number) if organization == 1 and number in numbers else None for organization, number in asked
    ]


async def test_an_answer_is_never_older_than_its_question(storage: Storage, lookups: RunLookups) -> None:
    """A question that comes while a query is under way waits for the next one."""
    number = await created(storage)
    first = asyncio.create_task(lookups.get(1, number))
    await asyncio.sleep(0)
    await storage.runs.want(1, number, "cancel")
    after = await lookups.get(1, number)
    await first
    assert after is not None
    assert after.status == "cancelled"


async def test_whoever_leaves_takes_no_answer_away(storage: Storage, lookups: RunLookups) -> None:
    """Two ask for one run, one of them is cancelled."""
    number = await created(storage)
    leaving = asyncio.create_task(lookups.get(1, number))
    staying = asyncio.create_task(lookups.get(1, number))
    await asyncio.sleep(0)
    leaving.cancel()
    found = await staying
    assert found is not None
    assert found.id == number


class Away:
    """A storage whose database is away until told otherwise."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.runs = self
        self.away = True

    async def progress(self, wanted: Any) -> Any:
        if self.away:
            raise StorageError("The disk is full.")
        return await self._storage.runs.progress(wanted)


async def test_all_hear_of_a_failure_and_the_next_question_is_asked_anew(storage: Storage) -> None:
    """A database that comes back answers again."""
    number, away = await created(storage), Away(storage)
    lookups = RunLookups(cast("Storage", away))
    told = await asyncio.gather(*(lookups.get(1, number) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in told] == [StorageError] * 3
    away.away = False
    found = await lookups.get(1, number)
    assert found is not None
    assert found.id == number
