"""Whose turn it is: the more urgent first, and nobody waits for ever.

Pure: the caller keeps threads apart.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Turns"]

OLDEST_EVERY = 4

T = TypeVar("T")


class Turns(Generic[T]):
    """Those who wait, by priority (0 is the most urgent) and arrival.

    Every fourth turn goes to whoever waits longest, whatever its priority: one with `k` longer waiting before it has its
    turn after at most `4 * (k + 1)` turns.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, dict[T, int]] = {}
        self._arrivals = 0
        self._turns = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __contains__(self, who: T) -> bool:
        return any(who in group for group in self._waiting.values())

    def add(self, who: T, priority: int) -> None:
        """Wait with that priority."""
        self._arrivals += 1
        self._waiting.setdefault(priority, {})[who] = self._arrivals

    def first(self) -> T | None:
        """Return whose turn it is, `None` when nobody waits."""
        heads = [(priority, *next(iter(group.items()))) for priority, group in self._waiting.items() if group]
        if not heads:
            return None
        oldest = self._turns % OLDEST_EVERY == OLDEST_EVERY - 1
        return min(heads, key=lambda head: head[2] if oldest else head[0])[1]

    def admit(self) -> None:
        """Let the first go."""
        first = self.first()
        if first is not None:
            self._turns += 1
            self.remove(first)

    def remove(self, who: T) -> None:
        """Stop waiting."""
        for group in self._waiting.values():
            group.pop(who, None)
