"""The durable journal of agent runs: a run that was paid for is found again after a crash, and never started twice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from genloom.config import Settings
from genloom.tools.codegen.once.journal import JournalEntry
from genloom.tools.store.database import private_folder, storage_errors
from genloom.tools.store.journal_file import journal_path, open_journal

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["SqliteAgentJournal", "open_agent_journal"]

KEPT_DAYS = 90.0


class SqliteAgentJournal:
    """A `RunJournal` on disk, for one organisation; safe for several threads and processes.

    A claim is a lock file in `agent-locks` beside the journal, of which there are at most 65,536: two keys share one by
    chance of one in so many, and are then created one after the other.

    A method that returned has put its fact on the disk for good (SQLite's full synchronisation). Entries older than 90
    days are dropped when a new one comes. Every method raises `StorageError` when the file cannot serve: a run must not
    be started when it cannot be written down.
    """

    def __init__(self, path: Path, *, organisation: int = 1, clock: Callable[[], float] = time.time) -> None:
        self._database = open_journal(path, synchronous="FULL")
        self._organisation = organisation
        self._clock = clock
        self._folder = path.parent / "agent-locks"
        self._claims: dict[str, BaseFileLock] = {}

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

    def claim(self, key: str) -> bool:
        """Take the sole right to create the run of this key; false at once while somebody else has it."""
        from filelock import FileLock, Timeout  # imported here: it costs 50 ms, and finding a run needs none

        private_folder(self._folder)
        digest = hashlib.sha256(f"{self._organisation}:{key}".encode("utf-8", "replace")).hexdigest()
        lock = FileLock(self._folder / f"{digest[:4]}.lock", timeout=0, mode=0o600, thread_local=False)
        with storage_errors(self._folder):
            try:
                lock.acquire()
            except Timeout:
                return False
        self._claims[key] = lock
        return True

    def release(self, key: str) -> None:
        """Give the right back."""
        lock = self._claims.pop(key, None)
        if lock is not None:
            lock.release()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()


def open_agent_journal(settings: Settings) -> SqliteAgentJournal:
    """Return the journal of the settings' home and organisation; nothing is opened before its first use."""
    return SqliteAgentJournal(journal_path(settings), organisation=settings.organisation)
