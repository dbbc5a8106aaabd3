"""The durable journal of agent runs: a run that was paid for is found again after a crash, and never started twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from genloom.config import Settings
from genloom.tools.codegen.journal import JournalEntry
from genloom.tools.store.journal_file import journal_path, open_journal

__all__ = ["SqliteAgentJournal", "open_agent_journal"]

KEPT_DAYS = 90.0


class SqliteAgentJournal:
    """A `RunJournal` on disk, for one organisation; safe for several threads and processes.

    A method that returned has put its fact on the disk for good (SQLite's full synchronisation). Entries older than 90
    days are dropped when a new one comes. Every method raises `StorageError` when the file cannot serve: a run must not
    be started when it cannot be written down.
    """

    def __init__(self, path: Path, *, organisation: int = 1, clock: Callable[[], float] = time.time) -> None:
        self._database = open_journal(path, synchronous="FULL")
        self._organisation = organisation
        self._clock = clock

    def intend(self, key: str) -> None:
        """Write down that a run of this key is about to be created. A key that is known keeps what is known of it."""
        with self._database.write() as db:
            db.execute("DELETE FROM agent_runs WHERE created < ?", (self._clock() - KEPT_DAYS * 86_400,))
            db.execute(
                "INSERT INTO agent_runs VALUES (?, ?, NULL, ?) ON CONFLICT DO NOTHING",
                (self._organisation, key, self._clock()),
            )

    def record(self, key: str, run_id: int) -> None:
        """Write down the run's number; works without an earlier `intend`."""
        with self._database.write() as db:
            db.execute(
                "INSERT INTO agent_runs VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET run_id = excluded.run_id",
                (self._organisation, key, run_id, self._clock()),
            )

    def find(self, key: str) -> JournalEntry | None:
        """Return what is known of a key, `None` when nothing is."""
        with self._database.read() as db:
            row = db.execute(
                "SELECT run_id, created FROM agent_runs WHERE organisation = ? AND key = ?", (self._organisation, key)
            ).fetchone()
        return JournalEntry(key=key, run_id=row[0], created_at=row[1]) if row else None

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()


def open_agent_journal(settings: Settings) -> SqliteAgentJournal:
    """Return the journal of the settings' home and organisation; nothing is opened before its first use."""
    return SqliteAgentJournal(journal_path(settings), organisation=settings.organisation)
