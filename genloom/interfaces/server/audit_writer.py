"""Actions of many requests at once, on their way into the audit log: what comes while lines are written is written next,
together, so that two hundred actions cost a few synchronisations of the disk and not two hundred."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from genloom.interfaces.server.audit import AuditLog
from genloom.interfaces.server.audit_action import AuditAction
from genloom.interfaces.server.gathering import Gathering

__all__ = ["AuditWriter"]

MOST_AT_ONCE = 200


class AuditWriter:
    """Writes into an audit log for one event loop."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._actions: Gathering[AuditAction, None] = Gathering("audit-writer", self._write, most=MOST_AT_ONCE)

    async def append(self, action: AuditAction) -> None:
        """Return when the action's own line is on the disk. Raises `StorageError` when it could not be written.

        A caller that is cancelled ends at once; its line is written all the same.
        """
        await self._actions.ask(action)

    async def _write(self, actions: list[AuditAction]) -> Sequence[None]:
        await asyncio.to_thread(self._log.append_all, actions)
        return [None] * len(actions)
