"""Looking up runs for many who poll: whatever is asked for while a query is under way is asked in one next query.

An answer is never older than its question. Alone, a question costs one query; two hundred at once cost a few.
"""

from __future__ import annotations

import asyncio
from itertools import islice

from genloom.interfaces.server.storage import RunOverview, Storage

__all__ = ["RunLookups"]

MOST_AT_ONCE = 200

Key = tuple[int, int]


class RunLookups:
    """The lookups of one server, in one event loop."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._waiting: dict[Key, asyncio.Future[RunOverview | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, organization_id: int, run_id: int) -> RunOverview | None:
        """Return an organisation's run, `None` when it has none of that number."""
        key = (organization_id, run_id)
        if key not in self._waiting:
            self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._answer_all(), name="run-lookups")
        return await asyncio.shield(self._waiting[key])  # whoever leaves must not take the answer from the others

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                keys = list(islice(self._waiting, MOST_AT_ONCE))
                await self._answer({key: self._waiting.pop(key) for key in keys})
        finally:
            self._task = None

    async def _answer(self, asked: dict[Key, asyncio.Future[RunOverview | None]]) -> None:
        try:
            found = await self._storage.runs.progress(asked.keys())
        except BaseException as error:  # each who asked hears of it
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()  # counts as heard although everybody may have left
            if not isinstance(error, Exception):
                raise
            return
        for key, answer in asked.items():
            run, _ = found.get(key, (None, 0))
            answer.set_result(run)
