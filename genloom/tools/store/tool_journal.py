"""The journal of tool calls that change something: one that was begun is never run a second time by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genloom.config import Settings
from genloom.tools.store.journal_file import journal_path, open_journal

__all__ = ["KnownCall", "ToolJournal", "open_tool_journal"]

KEPT_DAYS = 30.0
MAX_ANSWER_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class KnownCall:
    """What is known of a call that was begun: its answer as text, `None` where its end is not known."""

    answer: str | None


class ToolJournal:
    """The calls of one organisation, on disk; safe for several threads and processes.

    `begin` returns once the fact is on the disk for good. Entries older than 30 days are dropped. Every method raises
    `StorageError` when the file cannot serve: a call must not be run when it cannot be written down.
    """

    def __init__(self, path: Path, *, organisation: int = 1, clock: Callable[[], float] = time.time) -> None:
        self._database = open_journal(path, synchronous="FULL")
        self._organisation, self._clock = organisation, clock

    def begin(self, key: str) -> KnownCall | None:
        """Write down that the call of this key begins, and return `None`; a call that is known is returned instead."""
        with self._database.write() as db:
            row = db.execute(
                "SELECT answer FROM tool_calls WHERE organisation = ? AND key = ?", (self._organisation, key)
            ).fetchone()
            if row:
                return KnownCall(row[0])
            db.execute("DELETE FROM tool_calls WHERE created < ?", (self._clock() - KEPT_DAYS * 86_400,))
            db.execute("INSERT INTO tool_calls VALUES (?, ?, NULL, ?)", (self._organisation, key, self._clock()))
        return None

    def finish(self, key: str, answer: str) -> None:
        """Write down what the call answered; of a very long answer the beginning."""
        with self._database.write() as db:
            db.execute(
                "UPDATE tool_calls SET answer = ? WHERE organisation = ? AND key = ?",
                (answer[:MAX_ANSWER_CHARACTERS], self._organisation, key),
            )

    def forget(self, key: str) -> None:
        """Forget a call that did not run after all."""
        with self._database.write() as db:
            db.execute("DELETE FROM tool_calls WHERE organisation = ? AND key = ?", (self._organisation, key))

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()


def open_tool_journal(settings: Settings) -> ToolJournal:
    """Return the journal of the settings' home and organisation; nothing is opened before its first use."""
    return ToolJournal(journal_path(settings), organisation=settings.organisation)
