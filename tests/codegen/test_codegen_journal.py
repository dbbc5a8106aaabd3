"""The in-memory journal of agent runs."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from genloom.tools.codegen import MemoryJournal
from genloom.tools.codegen import journal as journal_module

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
