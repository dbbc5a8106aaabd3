"""Checkpoints: the saved state of every thread, so that a run that was stopped goes on where it stood.

A checkpoint holds the request, the drafts and the references to the context: what a user typed can be in it, the text of
the context never is. The file is readable by its owner alone.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.sqlite import SqliteSaver

from genloom.config import Settings
from genloom.tools.store.database import Database
from genloom.tools.store.state_serializer import StateSerializer

__all__ = ["SqliteCheckpointer", "ThreadInfo", "open_checkpointer", "thread_key"]

UNFINISHED_DAYS = 30.0
GRACE_SECONDS = 3600.0

_GREGORIAN_TICKS = 0x01B21DD213814000  # 100 ns from 1582-10-15 to 1970-01-01

_STARTS = ("__start__", "__pregel_tasks")
"""Channels that, like `branch:to:NODE`, hold a value only while a node waits to run."""

_NEWEST = """
    SELECT thread_id, MAX(checkpoint_id) AS newest FROM checkpoints WHERE thread_id >= ? AND thread_id < ?
    GROUP BY thread_id ORDER BY newest DESC"""

_THREADS = """
    SELECT thread_id, MAX(newest) AS newest, SUM(number), SUM(bytes) FROM (
        SELECT thread_id, MAX(checkpoint_id) AS newest, COUNT(*) AS number,
            TOTAL(LENGTH(checkpoint) + LENGTH(metadata)) AS bytes
        FROM checkpoints WHERE thread_id >= ? AND thread_id < ? GROUP BY thread_id
        UNION ALL
        SELECT thread_id, '', 0, TOTAL(LENGTH(value)) FROM writes WHERE thread_id >= ? AND thread_id < ? GROUP BY thread_id)
    GROUP BY thread_id HAVING SUM(number) > 0 ORDER BY newest DESC"""


@dataclass(frozen=True, kw_only=True)
class ThreadInfo:
    """One stored thread. `updated_at` is the Unix time in seconds of its last checkpoint; `bytes` counts what its
    checkpoints and writes hold; `unfinished` says that it can be resumed: it was stopped or waits for a person."""

    thread_id: str
    organisation: int
    updated_at: float
    checkpoints: int
    bytes: int
    unfinished: bool

    def to_json(self) -> dict[str, Any]:  # Any: text and numbers
        """Return the fields by name."""
        return asdict(self)


def thread_key(organisation: int, thread_id: str) -> str:
    """Return the key under which an organisation's thread is stored: what goes into `configurable.thread_id`."""
    return f"{organisation}:{thread_id}"


class SqliteCheckpointer(SqliteSaver):
    """LangGraph's SQLite saver with both faces: `invoke` and `ainvoke` work, in any thread and inside a running loop.

    Threads share one connection under a lock, processes the file. Raises `StorageError` when the file cannot serve.
    Threads are stored under `thread_key(organisation, thread_id)`; `threads`, `delete` and `prune_threads` see those of
    this saver's organisation only and take the bare `thread_id`.
    """

    def __init__(self, path: Path, *, organisation: int = 1) -> None:
        self._database = Database(path, lay_out=lambda connection: SqliteSaver(connection).setup())
        self._organisation = organisation
        with self._database.read() as connection:
            super().__init__(connection, serde=StateSerializer())

    def setup(self) -> None:
        """Do nothing: the tables are there since the file was opened."""

    @contextmanager
    def cursor(self, transaction: bool = True) -> Iterator[sqlite3.Cursor]:
        """Give a cursor inside one transaction: all of the block is committed, or none when it raises."""
        with self._database.write() if transaction else self._database.read() as connection:
            self.conn = connection  # `list` takes a second cursor from it
            with closing(connection.cursor()) as cursor:
                yield cursor

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Yield checkpoints, newest first. All are read before the first is given, so that the caller may use the saver
        meanwhile."""
        yield from tuple(super().list(config, filter=filter, before=before, limit=limit))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As `get_tuple`."""
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As `list`."""
        for item in await asyncio.to_thread(
            lambda: tuple(self.list(config, filter=filter, before=before, limit=limit))
        ):
            yield item

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As `put`."""
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """As `put_writes`."""
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """As `delete_thread`."""
        await asyncio.to_thread(self.delete_thread, thread_id)

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """As `get_delta_channel_history`."""
        return await asyncio.to_thread(self.get_delta_channel_history, config=config, channels=channels)

    def threads(self) -> tuple[ThreadInfo, ...]:
        """Return the organisation's threads, newest first."""
        with self.cursor(transaction=False) as cursor:
            rows = cursor.execute(_THREADS, (*self._bounds(), *self._bounds())).fetchall()
        return tuple(
            ThreadInfo(
                thread_id=key.partition(":")[2],
                organisation=self._organisation,
                updated_at=_unix_time(newest),
                checkpoints=count,
                bytes=int(size),
                unfinished=self._is_unfinished(key),
            )
            for key, newest, count, size in rows
        )

    def delete(self, thread_id: str) -> bool:
        """Delete one of the organisation's threads; return whether there was one."""
        key = thread_key(self._organisation, thread_id)
        with self.cursor() as cursor:
            cursor.execute("DELETE FROM writes WHERE thread_id = ?", (key,))
            return cursor.execute("DELETE FROM checkpoints WHERE thread_id = ?", (key,)).rowcount > 0

    def prune_threads(self, keep: int) -> int:
        """Delete the organisation's oldest threads and return how many went.

        The newest `keep` by last checkpoint stay. Beyond them stay those touched within the hour (they may be running),
        and of those that can be resumed the newest `keep` again, up to 30 days old. So at most twice `keep` threads stand
        for longer than an hour.
        """
        with self.cursor(transaction=False) as cursor:
            rows = cursor.execute(_NEWEST, self._bounds()).fetchall()
        now, spared, doomed = time.time(), 0, []
        for key, newest in rows[keep:]:
            age = now - _unix_time(newest)
            if age < GRACE_SECONDS:
                continue
            if spared < keep and age < UNFINISHED_DAYS * 86_400 and self._is_unfinished(key):
                spared += 1
            else:
                doomed.append((key, newest))
        gone = sum(self._delete_unless_touched(key, newest) for key, newest in doomed)
        if gone:
            self._database.run("PRAGMA incremental_vacuum")
        return gone

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()

    def _bounds(self) -> tuple[str, str]:
        """The organisation's keys lie between these two: `;` follows `:`."""
        return f"{self._organisation}:", f"{self._organisation};"

    def _delete_unless_touched(self, key: str, newest: str) -> bool:
        with self.cursor() as cursor:
            later = "SELECT 1 FROM checkpoints WHERE thread_id = ? AND checkpoint_id > ?"
            if cursor.execute(later, (key, newest)).fetchone():
                return False
            cursor.execute("DELETE FROM writes WHERE thread_id = ?", (key,))
            cursor.execute("DELETE FROM checkpoints WHERE thread_id = ?", (key,))
        return True

    def _is_unfinished(self, key: str) -> bool:
        """Whether the thread's last checkpoint has a node to run. What cannot be read cannot be resumed."""
        try:
            saved = self.get_tuple({"configurable": {"thread_id": key}})
        except ValueError:
            return False
        if saved is None:
            return False
        values = saved.checkpoint["channel_values"]
        return any(name in _STARTS or name.startswith("branch:to:") for name in values if values[name] != [])


def open_checkpointer(settings: Settings) -> SqliteCheckpointer:
    """Return the saver of the settings' home and organisation. Raises `StorageError` when its file cannot serve."""
    return SqliteCheckpointer(settings.home / "checkpoints.db", organisation=settings.organisation)


def _unix_time(checkpoint_id: str) -> float:
    """Return the Unix time that a checkpoint's id holds (UUID version 6, RFC 9562), 0 when it is none."""
    try:
        number = uuid.UUID(checkpoint_id).int
    except ValueError:
        return 0.0
    ticks = (number >> 80) << 12 | (number >> 64) & 0xFFF
    return max(0.0, (ticks - _GREGORIAN_TICKS) / 1e7)
