"""The storage: everything that the server must not forget, in one database."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Self

from sqlalchemy import select

from genloom.interfaces.server.storage.database import ServerDatabase, database_url
from genloom.interfaces.server.storage.deliveries import Deliveries
from genloom.interfaces.server.storage.keys import Keys
from genloom.interfaces.server.storage.lanes import reads
from genloom.interfaces.server.storage.logs import Logs
from genloom.interfaces.server.storage.organizations import Organizations
from genloom.interfaces.server.storage.repos import Repos
from genloom.interfaces.server.storage.runs import Runs
from genloom.interfaces.server.storage.schema import schema_number
from genloom.interfaces.server.storage.users import Users
from genloom.interfaces.server.storage.webhooks import Webhooks

__all__ = ["Storage"]


class Storage:
    """One database, used by any number of processes; an instance belongs to one event loop.

    Every method raises `StorageError` when the database cannot serve. Numbers beyond what a database stores are ids of
    nothing. What a method returned has written is on the disk for good.
    """

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self.organizations = Organizations(database, clock)
        self.users = Users(database, clock)
        self.keys = Keys(database, clock)
        self.repos = Repos(database, clock)
        self.runs = Runs(database, clock)
        self.logs = Logs(database, clock)
        self.webhooks = Webhooks(database)
        self.deliveries = Deliveries(database, clock)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, create: bool = True, clock: Callable[[], float] = time.time
    ) -> AsyncIterator[Self]:
        """Open the database of a URL (`sqlite:////path/server.db`, `postgresql://…`) for the length of a block.

        Missing tables are made, with organisation 1 "default" and user 1, unless `create` is false. Raises `UsageError`
        for a URL that cannot serve, `StorageError` for a database that cannot be reached or used.
        """
        database = ServerDatabase(database_url(url))
        try:
            await database.writing.do(partial(database.prepare, clock(), create=create))
            yield cls(database, clock)
        finally:
            await database.close()

    @reads
    def check(self) -> None:
        """Return when the database answers; `StorageError` when it does not."""
        with self._database.read() as db:
            db.execute(select(schema_number.c.number).limit(1))
