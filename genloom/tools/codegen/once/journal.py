"""The journal of agent runs: what survives the process between "about to create" and "created".

A run costs money, so it must never be started twice. A caller writes down the idempotency key before the create call
and the run's number after it; whoever comes back later (a restarted process, a resumed graph) asks the journal first.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Protocol

__all__ = ["PROCESS_JOURNAL", "JournalEntry", "MemoryJournal", "RunJournal"]

MEMORY_ENTRIES = 10_000


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """What is known of one idempotency key.

    `run_id` is `None` when a create was intended and its answer is not known: the run may exist. `created_at` is the
    Unix time in seconds of the first `intend`.
    """

    key: str
    run_id: int | None
    created_at: float


class RunJournal(Protocol):
    """Remembers which run belongs to which idempotency key. Methods are safe to call from several threads."""

    def intend(self, key: str) -> None:
        """Write down that a run of this key is about to be created. A key that is known keeps what is known of it."""

    def record(self, key: str, run_id: int) -> None:
        """Write down the run's number; works without an earlier `intend`."""

    def find(self, key: str) -> JournalEntry | None:
        """Return what is known of a key, `None` when nothing is."""

    def claim(self, key: str) -> bool:
        """Take the sole right to create the run of this key; false at once while somebody else has it.

        It is given back by `release`, and by the end of the process that has it, however that ends.
        """

    def release(self, key: str) -> None:
        """Give the right back, after `claim` returned true."""


class MemoryJournal:
    """A journal that lives as long as the process; past 10,000 keys the oldest is forgotten."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, JournalEntry] = OrderedDict()
        self._claims: set[str] = set()
        self._lock = threading.Lock()

    def intend(self, key: str) -> None:
        """Write down that a run of this key is about to be created."""
        with self._lock:
            self._keep(key)

    def record(self, key: str, run_id: int) -> None:
        """Write down the run's number."""
        with self._lock:
            self._entries[key] = replace(self._keep(key), run_id=run_id)

    def find(self, key: str) -> JournalEntry | None:
        """Return what is known of a key, `None` when nothing is."""
        with self._lock:
            return self._entries.get(key)

    def claim(self, key: str) -> bool:
        """Take the sole right to create the run of this key; false at once while somebody else has it."""
        with self._lock:
            free = key not in self._claims
            self._claims.add(key)
            return free

    def release(self, key: str) -> None:
        """Give the right back."""
        with self._lock:
            self._claims.discard(key)

    def _keep(self, key: str) -> JournalEntry:
        entry = self._entries.setdefault(key, JournalEntry(key=key, run_id=None, created_at=time.time()))
        if len(self._entries) > MEMORY_ENTRIES:
            self._entries.popitem(last=False)
        return entry


PROCESS_JOURNAL = MemoryJournal()
"""The journal of graphs that run without a checkpointer: their retries must find what an earlier try began."""
