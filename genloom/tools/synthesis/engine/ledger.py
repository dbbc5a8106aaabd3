"""The ledger: how many candidates a search has tried, and when it must stop."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Exhausted", "Ledger"]

CLOCK_EVERY = 512
MAX_HELD = 10_000_000
"""Items of containers that a search holds at most: some 200 megabytes, where they share what they hold."""


class Exhausted(Exception):  # noqa: N818 - it ends a search, nothing went wrong
    """The budget in candidates, or the clock, ran out."""


class Ledger:
    """Counts candidates. The budget decides when a search ends, so that the same input gives the same answer; the clock
    only guards, and `cut_by_clock` says when it did."""

    def __init__(self, budget: int, deadline: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self.deadline = deadline
        self.candidates = 0
        self.held = 0
        self.cut_by_clock = False
        self._clock = clock

    def spend(self) -> None:
        """Count one candidate; raise `Exhausted` at the end of the budget or of the time."""
        self.candidates += 1
        if self.candidates >= self.budget:
            raise Exhausted
        if self.candidates % CLOCK_EVERY == 0:
            self.look()

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

    def limit(self, budget: int) -> None:
        """Lower the budget; it never rises."""
        self.budget = min(self.budget, budget)
