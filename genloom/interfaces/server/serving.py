"""What the routes of one server share."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from genloom.errors import StorageError
from genloom.interfaces.server.admission.authentication import Authentication
from genloom.interfaces.server.audit_action import AuditAction
from genloom.interfaces.server.audit_writer import AuditWriter
from genloom.interfaces.server.lookups import RunLookups
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import Storage
from genloom.interfaces.server.streams import RunStreams

__all__ = ["SendTest", "Serving"]

SendTest = Callable[[str, str | None], Awaitable[object]]
"""Sends a test to a webhook's address, signed with a secret where there is one."""


@dataclass(kw_only=True)
class Serving:
    """The server's parts, as the routes reach them; `draining` turns once and stays."""

    settings: ServerSettings
    storage: Storage
    streams: RunStreams
    lookups: RunLookups
    authentication: Authentication
    web_url: Callable[[int, int], str]
    check_url: Callable[[str], object]
    send_test: SendTest | None
    audit: AuditWriter | None
    workers_alive: Callable[[], bool]
    webhooks_alive: Callable[[], bool]
    checking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1), repr=False)
    """Held by whoever looks through a request for code."""
    draining: bool = False
    audited: bool = True
    """Whether the last action could be written into the audit log."""
    readiness: tuple[float, dict[str, bool]] | None = field(default=None, repr=False)
    """When the last look was taken, and what it found."""

    def drain(self) -> None:
        """Turn unready and end all event streams."""
        self.draining = True
        self.streams.close()

    async def record(self, principal: Principal, action: str, target: str) -> None:
        """Write an action that changed something into the audit log.

        What was done stays done when the log cannot be written: the operator is told, and the server turns unready.
        """
        if self.audit is None:
            return
        actor = "the server's own key" if principal.key_id is None else f"key {principal.key_id}"
        told = AuditAction(
            at=time.time(), action=action, actor=actor, organisation=principal.organization_id, target=target
        )
        try:
            await self.audit.append(told)
            self.audited = True
        except StorageError as error:
            self.audited = False
            sys.stderr.write(f"genloom serve: {action} ({target}) is missing from the audit log: {error.message}\n")
