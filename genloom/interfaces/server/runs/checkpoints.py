"""Checkpoints of the server's runs: beside the database, in a file of their own or in the same Postgres."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from sqlalchemy import URL

from genloom.errors import StorageError, ThreadError
from genloom.interfaces.server.storage.database import database_url
from genloom.state import GenerationRequest
from genloom.tools.store.checkpoints import SqliteCheckpointer, thread_key
from genloom.tools.store.state_serializer import StateSerializer

__all__ = ["NOTHING", "Saved", "delete_thread", "is_storage_failure", "open_saver", "saved_thread"]

CONNECTIONS = 4
_INTERRUPT = "__interrupt__"  # the channel of LangGraph's pending writes that a waiting node stands in
SET_UP_SECONDS = 60.0
_DATABASES = ("sqlite3", "psycopg", "psycopg_pool", "sqlalchemy")

Saver = BaseCheckpointSaver[Any]  # Any: each saver's own version numbers


class Saved(NamedTuple):
    """How far a thread came: the request that it holds, the number of steps that are saved, and the name of the question
    that it waits in for a person."""

    request: GenerationRequest | None = None
    steps: int = 0
    question: str | None = None


NOTHING = Saved()


@asynccontextmanager
async def open_saver(database: str) -> AsyncIterator[Saver]:
    """Give the saver that belongs to a database's URL, its tables made. Raises `StorageError` when it cannot serve."""
    url = database_url(database)
    if url.get_backend_name() == "sqlite":
        file = await asyncio.to_thread(SqliteCheckpointer, Path(f"{url.database}").with_name("checkpoints.db"))
        try:
            yield file
        finally:
            await asyncio.to_thread(file.close)
    else:
        async with _postgres_saver(url) as saver:
            yield saver


@asynccontextmanager
async def _postgres_saver(url: URL) -> AsyncIterator[Saver]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver  # psycopg's pool: only where Postgres is used
    from psycopg import AsyncConnection, OperationalError
    from psycopg.rows import dict_row
    from psycopg_pool import AsyncConnectionPool, PoolTimeout

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool: AsyncConnectionPool[AsyncConnection[dict[str, Any]]] = AsyncConnectionPool(
        address,
        min_size=1,
        max_size=CONNECTIONS,
        open=False,
        kwargs=options,
        check=AsyncConnectionPool.check_connection,
    )
    try:
        await pool.open(wait=True, timeout=20)
        saver = AsyncPostgresSaver(pool, serde=StateSerializer())
        async with pool.connection() as connection:
            await _make_tables(connection, saver)
    except (OperationalError, PoolTimeout) as error:
        await pool.close()
        raise StorageError(
            "Checkpoints cannot be opened in the Postgres database.",
            hint="Check that the server runs and can be reached.",
        ) from error
    try:
        yield saver
    finally:
        await pool.close()


async def _make_tables(connection: Any, saver: Any) -> None:  # Any: LangGraph's saver, psycopg's connection
    """Make the saver's tables, one process at a time: LangGraph's own steps do not expect company.

    Nobody waits inside a statement for the lock: LangGraph makes indexes concurrently, which waits for every statement.
    """
    last = time.monotonic() + SET_UP_SECONDS
    while not (await (await connection.execute("SELECT pg_try_advisory_lock(7305803) AS mine")).fetchone())["mine"]:
        if time.monotonic() > last:
            raise StorageError("Another process has been making the tables for too long.", hint="Look at Postgres.")
        await asyncio.sleep(0.1)
    try:
        await saver.setup()
    finally:
        await connection.execute("SELECT pg_advisory_unlock(7305803)")


async def saved_thread(saver: Saver, organization_id: int, thread_id: str) -> Saved:
    """Return how far a thread came; nothing is saved of one that never began.

    Raises `ThreadError` for one that can never be read again, and what the saver raises while it cannot serve.
    """
    try:
        found = await saver.aget_tuple({"configurable": {"thread_id": thread_key(organization_id, thread_id)}})
        return Saved() if found is None else _saved(found)
    except Exception as error:
        if is_storage_failure(error):
            raise
        raise ThreadError(
            f"What is saved of the run cannot be read ({type(error).__name__}).", hint="Start it again, as a new run."
        ) from error


def _saved(found: CheckpointTuple) -> Saved:
    given = found.checkpoint["channel_values"].get("request")
    request = None if given is None else GenerationRequest.model_validate(given)
    # a task's number comes from its checkpoint and its node: it is the same when the node runs again, and no other's
    waiting = [task for task, channel, _ in found.pending_writes or () if channel == _INTERRUPT]
    return Saved(request, max(0, found.metadata.get("step", 0)), waiting[0] if waiting else None)


async def delete_thread(saver: Saver, organization_id: int, thread_id: str) -> None:
    """Delete what is saved of a thread. Raises `StorageError` when the saver cannot serve."""
    try:
        await saver.adelete_thread(thread_key(organization_id, thread_id))
    except Exception as error:
        if is_storage_failure(error) and not isinstance(error, StorageError):
            raise StorageError(f"Checkpoints cannot be deleted ({type(error).__name__}).") from error
        raise


def is_storage_failure(error: Exception) -> bool:
    """Whether a database or a full disk is to blame, which may be better later."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return full or isinstance(error, StorageError) or type(error).__module__.partition(".")[0] in _DATABASES
