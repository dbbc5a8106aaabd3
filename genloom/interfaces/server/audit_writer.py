"""Actions of many requests at once, on their way into the audit log: what comes while lines are written is written next,
together, so that two hundred actions cost a few synchronisations of the disk and not two hundred."""

from __future__ import annotations

import asyncio

from genloom.interfaces.server.audit import AuditLog
from genloom.interfaces.server.audit_action import AuditAction

__all__ = ["AuditWriter"]

MOST_AT_ONCE = 200


class AuditWriter:
    """Writes into an audit log for one event loop."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._waiting: list[tuple[AuditAction, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, action: AuditAction) -> None:
        """Return when the action's own line is on the disk. Raises `StorageError` when it could not be written.

        A caller that is cancelled ends at once; its line is written all the same.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((action, written))
        if self._task is None:
            self._task = asyncio.create_task(self._write_all(), name="audit-writer")
        await asyncio.shield(written)

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._write(batch)
        finally:
            self._task = None

    async def _write(self, batch: list[tuple[AuditAction, asyncio.Future[None]]]) -> None:
        try:
            await asyncio.to_thread(self._log.append_all, [action for action, _ in batch])
        except BaseException as error:  # each who waits hears of it
            for _, written in batch:
                written.set_exception(error)
                written.exception()  # counts as heard although everybody may have left
            if not isinstance(error, Exception):
                raise
            return
        for _, written in batch:
            written.set_result(None)
