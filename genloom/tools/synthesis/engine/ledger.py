"""The ledger: how much work a search has done, and when it must stop."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["TURNS", "Exhausted", "Ledger", "work_of"]

CLOCK_EVERY = 512
ROWS = 50
SIZE = 1_000
TURNS = 10
"""A candidate on more rows than these, over more items than these, or of more turns of a loop counts as several."""
ITEMS = 300
"""Items that are kept in the memory at the price of one more candidate."""
MAX_HELD = 10_000_000
"""Items of containers that a search holds at most: some 200 megabytes, where they share what they hold."""


class Exhausted(Exception):  # noqa: N818 - it ends a search, nothing went wrong
    """The budget, or the clock, ran out."""


def work_of(rows: int, size: int = 0) -> int:
    """What trying one candidate on so many rows counts, where its arguments hold so many items: 1 for a small one."""
    return 1 + rows // ROWS + size // SIZE


class Ledger:
    """Counts candidates, and the work of trying them in the same measure: a candidate on a few small rows is 1. The budget
    in work decides when a search ends, so that the same input gives the same answer; the clock only guards, and
    `cut_by_clock` says when it did."""

    def __init__(self, budget: int, deadline: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self.deadline = deadline
        self.candidates = 0
        self.work = 0
        self.held = 0
        self.cut_by_clock = False
        self._clock = clock
        self._look_at = CLOCK_EVERY

    def spend(self, work: int = 1) -> None:
        """Count one candidate; raise `Exhausted` at the end of the budget or of the time."""
        self.candidates += 1
        self.work += work
        if self.work >= self.budget:
            raise Exhausted
        if self.work >= self._look_at:
            self._look_at = self.work + CLOCK_EVERY
            self.look()

    def charge(self, work: int) -> None:
        """Count what a candidate that is tried already takes besides; the next one may find the budget at its end."""
        self.work += work

    def look(self) -> None:
        """Look at the clock now."""
        if self._clock() > self.deadline:
            self.cut_by_clock = True
            raise Exhausted

    def hold(self, items: int) -> None:
        """Count items that are kept; raise `Exhausted` when they are more than memory has room for."""
        self.held += items
        if self.held > MAX_HELD:
            raise Exhausted
        self.charge(items // ITEMS)

    def limit(self, budget: int) -> None:
        """Lower the budget; it never rises."""
        self.budget = min(self.budget, budget)

    def add(self, other: Ledger) -> None:
        """Count what another ledger counted."""
        self.candidates += other.candidates
        self.work += other.work
