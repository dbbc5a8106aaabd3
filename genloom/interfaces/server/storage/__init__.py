"""What the server stores, and the one way to it. Every query names the organisation that it is made for."""

from __future__ import annotations

from genloom.interfaces.server.storage.leases import Beat
from genloom.interfaces.server.storage.records import (
    ENDED,
    RUN_STATUSES,
    DeliveryRecord,
    KeyRecord,
    LogRecord,
    NewDelivery,
    OrganizationRecord,
    RepoRecord,
    Role,
    RunOverview,
    RunRecord,
    RunStatus,
    UserRecord,
    Wanted,
    WebhookRecord,
)
from genloom.interfaces.server.storage.refusals import QueueFullError, StateConflictError, UnknownRowError
from genloom.interfaces.server.storage.storage import Storage

__all__ = [
    "ENDED",
    "RUN_STATUSES",
    "Beat",
    "DeliveryRecord",
    "KeyRecord",
    "LogRecord",
    "NewDelivery",
    "OrganizationRecord",
    "QueueFullError",
    "RepoRecord",
    "Role",
    "RunOverview",
    "RunRecord",
    "RunStatus",
    "StateConflictError",
    "Storage",
    "UnknownRowError",
    "UserRecord",
    "Wanted",
    "WebhookRecord",
]
