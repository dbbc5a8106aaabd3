"""Reading a log that grows, whose entries have no numbers."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.codegen.log.reader import LogReader
from genloom.tools.codegen.wire import AgentRunLogResponse, AgentRunWithLogsResponse


class ServedLog:
    """A log at a server, paged as the API does it."""

    def __init__(self, entries: list[str] | None = None, *, cap: int = 100, total: bool = True) -> None:
        self.entries = entries or []
        self.cap = cap
        self.total = total
        self.calls = 0

    async def fetch(self, skip: int, limit: int) -> AgentRunWithLogsResponse:
        self.calls += 1
        page = self.entries[skip : skip + min(limit, self.cap)]
        return AgentRunWithLogsResponse(
            id=7,
            organization_id=1,
            logs=tuple(AgentRunLogResponse(agent_run_id=7, thought=text) for text in page),
            total_logs=len(self.entries) if self.total else None,
        )


async def read_round(reader: LogReader) -> list[str]:
    """Everything that one look gives."""
    reader.begin_round()
    told = []
    while reader.more:
        told += [entry.step.thought or "" for entry in await reader.read()]
    return told


@given(
    steps=st.lists(st.lists(st.integers(0, 400), max_size=130), max_size=5),
    seed=st.integers(0, 1000),
    changes=st.sampled_from(["none", "late", "swapped", "doubled"]),
    cap=st.sampled_from([7, 100]),
    total=st.booleans(),
)
async def test_every_entry_is_told_exactly_once(
    steps: list[list[int]], seed: int, changes: str, cap: int, total: bool
) -> None:
    """Whatever comes late, changes places or is served twice between two looks, each entry is told once."""
    chance = random.Random(seed)
    log = ServedLog(cap=cap, total=total or cap < 100)
    reader = LogReader(log.fetch)
    told: list[str] = []
    for number, texts in enumerate(steps):
        fresh = [f"{number} {text}" for text in dict.fromkeys(texts)]
        if changes == "late" and fresh:
            log.entries.insert(chance.randint(0, len(log.entries)), fresh.pop())
        log.entries += fresh
        if changes == "swapped" and len(log.entries) > 1:
            at = chance.randrange(len(log.entries) - 1)
            log.entries[at], log.entries[at + 1] = log.entries[at + 1], log.entries[at]
        if changes == "doubled" and log.entries:
            log.entries.append(chance.choice(log.entries))
        told += await read_round(reader)
    told += await read_round(reader)
    assert len(told) == len(set(told))
    assert set(told) == set(log.entries)


async def test_an_entry_that_is_completed_later_is_told_again() -> None:
    """A step whose output comes after it was first seen is another entry."""
    log = ServedLog(["calls ls", "thinks"])
    reader = LogReader(log.fetch)
    assert await read_round(reader) == ["calls ls", "thinks"]
    log.entries = ["calls ls: a.py", "thinks", "ends"]
    assert await read_round(reader) == ["ends"]
    log.entries = ["calls ls: a.py", "thinks", "ends well"]
    assert await read_round(reader) == ["calls ls: a.py", "ends well"]


async def test_a_log_without_order_costs_a_bounded_number_of_calls() -> None:
    """A server that shuffles at each call is read in a few calls a round, never for ever."""
    log = ServedLog([str(number) for number in range(250)])
    chance = random.Random(1)
    reader = LogReader(log.fetch)
    for _ in range(5):
        before = log.calls
        reader.begin_round()
        while reader.more:
            await reader.read()
            chance.shuffle(log.entries)
        assert log.calls - before <= 12


async def test_a_server_that_ignores_skip_ends() -> None:
    """The same page again and again is noticed."""
    log = ServedLog([str(number) for number in range(100)])

    async def fetch(skip: int, limit: int) -> AgentRunWithLogsResponse:
        page = await log.fetch(0, limit)
        return page.model_copy(update={"total_logs": 1000})

    reader = LogReader(fetch)
    assert len(await read_round(reader)) == 100
    assert log.calls < 10


async def test_a_quiet_log_costs_one_call_a_round() -> None:
    """Looking again asks for the last entry and what follows it."""
    log = ServedLog([str(number) for number in range(30)])
    reader = LogReader(log.fetch)
    await read_round(reader)
    before = log.calls
    assert await read_round(reader) == []
    assert log.calls == before + 1
