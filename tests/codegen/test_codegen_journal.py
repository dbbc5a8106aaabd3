"""The in-memory journal of agent runs."""

from __future__ import annotations

import asyncio
import threading

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from genloom.testing import CodegenServer
from genloom.tools.codegen import AsyncCodegen, MemoryJournal
from genloom.tools.codegen.once import journal as journal_module
from genloom.tools.codegen.once.journaled import submit_journaled

KEYS = st.sampled_from(["a", "b", "c"])


class JournalMachine(RuleBasedStateMachine):
    """Any order of calls leaves what was last recorded for each key."""

    def __init__(self) -> None:
        super().__init__()
        self.journal = MemoryJournal()
        self.expected: dict[str, int | None] = {}

    @rule(key=KEYS)
    def intend(self, key: str) -> None:
        """An intent never forgets a number."""
        self.journal.intend(key)
        self.expected.setdefault(key, None)

    @rule(key=KEYS, run_id=st.integers(min_value=1))
    def record(self, key: str, run_id: int) -> None:
        """A record stands, with or without an intent."""
        self.journal.record(key, run_id)
        self.expected[key] = run_id

    @invariant()
    def agrees(self) -> None:
        """Every key says what was recorded last."""
        for key in "abc":
            entry = self.journal.find(key)
            assert (entry is not None) == (key in self.expected)
            assert entry is None or entry.run_id == self.expected[key]


TestJournal = JournalMachine.TestCase


def test_the_memory_journal_is_bounded() -> None:
    """Past its bound the oldest key is forgotten, the newest kept."""
    journal = MemoryJournal()
    for number in range(journal_module.MEMORY_ENTRIES + 5):
        journal.record(str(number), number)
    assert journal.find("0") is None
    assert journal.find(str(journal_module.MEMORY_ENTRIES + 4)) is not None


class SlowJournal(MemoryJournal):
    """Takes its time to give the right away, as a disk can."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def claim(self, key: str) -> bool:
        self.asked.set()
        self.go_on.wait(20)
        return super().claim(key)


async def test_a_claim_that_is_cancelled_twice_is_given_back() -> None:
    """Whoever was cancelled while it claimed, and again at once, keeps nobody from the key."""
    journal = SlowJournal()
    with CodegenServer() as server:
        async with AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url) as client:
            task = asyncio.create_task(submit_journaled(client, journal, "make it", key="k", place="p"))
            await asyncio.to_thread(journal.asked.wait, 20)
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            journal.go_on.set()
            run = await submit_journaled(client, journal, "make it", key="k", place="p", deadline=10)
    assert run.id == 1
