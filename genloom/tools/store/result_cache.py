"""The result cache: answers that passed, kept on disk within bounds, and made once when several ask at the same time."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genloom.config import Settings
from genloom.tools.store.database import DamagedDatabaseError, Database
from genloom.tools.store.single_flight import Lead, SingleFlight

__all__ = ["CacheStatistics", "ResultCache", "open_result_cache"]

MAX_ENTRIES = 20_000
WAIT_SECONDS = 600.0

_KEY = re.compile(r"[0-9a-f]{64}")

_MIGRATIONS = (
    (
        """CREATE TABLE entries (
            organisation INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, digest TEXT NOT NULL,
            bytes INTEGER NOT NULL, created REAL NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (organisation, key))""",
        "CREATE INDEX entries_by_use ON entries (used, bytes)",
        "CREATE INDEX entries_by_age ON entries (created)",
        """CREATE TABLE counters (
            organisation INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (organisation, name))""",
    ),
)


@dataclass(frozen=True, kw_only=True)
class CacheStatistics:
    """Counts of one organisation since the cache was made. `bytes` counts keys and values, not the file's overhead."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    expired: int = 0
    entries: int = 0
    bytes: int = 0

    def to_json(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


class ResultCache:
    """JSON objects by sha256 key, on disk, shared by threads and processes.

    At most `max_bytes` and `max_entries` stand in the file, all organisations together; beyond, the least recently used
    go. An entry older than `ttl_seconds` is no answer. Organisations never see each other's entries. An entry that does
    not match its own digest is a miss, and a damaged file is set aside and begun anew; a full disk or missing
    permissions raise `StorageError`. Values are JSON: a tuple comes back as a list. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        ttl_seconds: float,
        max_entries: int = MAX_ENTRIES,
        organisation: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = Database(path, migrations=_MIGRATIONS, disposable=True)
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._ttl = ttl_seconds
        self._organisation = organisation
        self._clock = clock
        self._flights = SingleFlight(
            path.with_name(f"{path.name}-locks"),
            scope=str(organisation),
            reread=lambda key: self._find(key, asked=False),
        )

    def get(self, key: str) -> dict[str, Any] | None:  # Any: whatever JSON was put
        """Return the value of a key (64 hex digits), `None` when there is none that is young and sound."""
        return self._find(_checked(key), asked=True)

    def put(self, key: str, value: dict[str, Any]) -> bool:  # Any: whatever JSON the caller has
        """Keep a value, and drop what no longer fits. Returns whether it was kept: one larger than the whole cache is not.

        Raises `TypeError` or `ValueError` when the value is not JSON.
        """
        text = json.dumps(value, allow_nan=True)
        size = len(_checked(key)) + len(text)
        if size > self._max_bytes or self._max_entries < 1:
            self.drop(key)
            return False
        try:
            with self._database.write() as db:
                db.execute(
                    """INSERT OR REPLACE INTO entries
                    VALUES (?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX(used), 0) + 1 FROM entries))""",
                    (self._organisation, key, text, _digest(key, text), size, self._clock()),
                )
                self._drop_expired(db)
                self._evict(db)
        except DamagedDatabaseError:
            return False
        return True

    def drop(self, key: str) -> None:
        """Forget one key."""
        with self._database.write() as db:
            db.execute("DELETE FROM entries WHERE organisation = ? AND key = ?", (self._organisation, _checked(key)))

    def purge(self) -> int:
        """Forget all entries of the organisation and return how many there were. Statistics stay."""
        with self._database.write() as db:
            count = db.execute("DELETE FROM entries WHERE organisation = ?", (self._organisation,)).rowcount
        self._database.run("PRAGMA incremental_vacuum")
        return count

    def stats(self) -> CacheStatistics:
        """Return the organisation's counts."""
        with self._database.read() as db:
            counters = dict(
                db.execute("SELECT name, value FROM counters WHERE organisation = ?", (self._organisation,))
            )
            entries, size = db.execute(
                "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM entries WHERE organisation = ?", (self._organisation,)
            ).fetchone()
        return CacheStatistics(**counters, entries=entries, bytes=size)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()

    @contextmanager
    def lead(self, key: str, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[Lead]:
        """Be the one who makes the answer of `key`, or wait for the one who does.

        Inside the block `lead.value` is the answer that another made meanwhile; when it is `None`, make it and `put` it
        before the block ends. Threads, event loops and processes exclude each other; a holder that died blocks nobody.
        After `wait_seconds` the caller goes on alone (`lead.exclusive` is false). Not reentrant for one key.
        """
        with self._flights.lead(_checked(key), wait_seconds) as lead:
            yield lead

    @asynccontextmanager
    async def alead(self, key: str, *, wait_seconds: float = WAIT_SECONDS) -> AsyncIterator[Lead]:
        """As `lead`, without blocking the event loop or a pool's thread while it waits."""
        async with self._flights.alead(_checked(key), wait_seconds) as lead:
            yield lead

    def _find(self, key: str, *, asked: bool) -> dict[str, Any] | None:
        try:
            with self._database.write() as db:
                row = db.execute(
                    "SELECT value, digest, created FROM entries WHERE organisation = ? AND key = ?",
                    (self._organisation, key),
                ).fetchone()
                value = self._judge(db, key, row)
                if value is not None:
                    self._touch(db, key)
                if value is not None or asked:
                    _count(db, self._organisation, "misses" if value is None else "hits", 1)
                return value
        except DamagedDatabaseError:
            return None

    def _judge(self, db: sqlite3.Connection, key: str, row: tuple[Any, ...] | None) -> dict[str, Any] | None:
        if row is None:
            return None
        text, digest, created = row
        if created <= self._clock() - self._ttl:
            self._drop_expired(db)
            return None
        value = _decode(key, text, digest)
        if value is None:
            db.execute("DELETE FROM entries WHERE organisation = ? AND key = ?", (self._organisation, key))
        return value

    def _touch(self, db: sqlite3.Connection, key: str) -> None:
        db.execute(
            "UPDATE entries SET used = (SELECT MAX(used) + 1 FROM entries) WHERE organisation = ? AND key = ?",
            (self._organisation, key),
        )

    def _drop_expired(self, db: sqlite3.Connection) -> None:
        gone = db.execute("DELETE FROM entries WHERE created <= ? RETURNING organisation", (self._clock() - self._ttl,))
        _count_each(db, gone.fetchall(), "expired")

    def _evict(self, db: sqlite3.Connection) -> None:
        """Drop the least recently used until the rest fits: keep the longest run of newest entries within the bounds."""
        count, size = db.execute("SELECT COUNT(*), TOTAL(bytes) FROM entries").fetchone()
        if count <= self._max_entries and size <= self._max_bytes:
            return
        gone = db.execute(
            """DELETE FROM entries WHERE used IN (
                SELECT used FROM (
                    SELECT used, ROW_NUMBER() OVER newest AS number, SUM(bytes) OVER newest AS total
                    FROM entries WINDOW newest AS (ORDER BY used DESC))
                WHERE number > ? OR total > ?) RETURNING organisation""",
            (self._max_entries, self._max_bytes),
        )
        _count_each(db, gone.fetchall(), "evictions")


def open_result_cache(settings: Settings) -> ResultCache:
    """Return the cache that the settings describe. Nothing is opened before the first use."""
    return ResultCache(
        settings.cache / "results.db",
        max_bytes=settings.cache_megabytes * 1_000_000,
        ttl_seconds=settings.cache_days * 86_400,
        organisation=settings.organisation,
    )


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"a cache key is a sha256 in 64 lower-case hex digits, not {key!r}")
    return key


def _digest(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}\0{text}".encode()).hexdigest()


def _decode(key: str, text: object, digest: object) -> dict[str, Any] | None:
    """Return the stored value, `None` when it is not what was put there."""
    if not isinstance(text, str) or _digest(key, text) != digest:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _count(db: sqlite3.Connection, organisation: int, name: str, by: int) -> None:
    db.execute(
        "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
        (organisation, name, by),
    )


def _count_each(db: sqlite3.Connection, organisations: list[tuple[int]], name: str) -> None:
    for (organisation,) in organisations:
        _count(db, organisation, name, 1)
