"""Organisations: their names and settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from genloom.interfaces.server.storage.columns import is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import OrganizationRecord
from genloom.interfaces.server.storage.rows import fields
from genloom.interfaces.server.storage.schema import organizations

__all__ = ["Organizations"]

_COLUMNS = [organizations.c[name] for name in ("id", "name", "settings", "created_at")]


class Organizations:
    """The organisations of a storage."""

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @writes
    def create(self, name: str) -> OrganizationRecord:
        """Add an organisation without members."""
        values = {"name": name, "settings": {}, "created_at": self._clock()}
        with self._database.write() as db:
            row = db.execute(self._database.insert(organizations, values).returning(*_COLUMNS))
            return OrganizationRecord(**fields(row.one()))

    @reads
    def get(self, organization_id: int) -> OrganizationRecord | None:
        """Return an organisation, `None` when there is none of that number."""
        if not is_id(organization_id):
            return None
        with self._database.read() as db:
            row = db.execute(select(*_COLUMNS).where(organizations.c.id == organization_id)).one_or_none()
        return OrganizationRecord(**fields(row)) if row else None

    @reads
    def all(self) -> tuple[OrganizationRecord, ...]:
        """Return every organisation, for the operator of the server alone."""
        with self._database.read() as db:
            rows = db.execute(select(*_COLUMNS).order_by(organizations.c.id))
            return tuple(OrganizationRecord(**fields(row)) for row in rows)

    @writes
    def change_settings(self, organization_id: int, changes: dict[str, Any]) -> OrganizationRecord | None:
        """Set some settings and keep the others; return the organisation as it is now."""
        if not is_id(organization_id):
            return None
        mine = organizations.c.id == organization_id
        with self._database.write() as db:
            found = (
                db.execute(select(organizations.c.settings).where(mine).with_for_update(key_share=True))
            ).one_or_none()
            if found is None:
                return None
            values = {"settings": {**found.settings, **changes}}
            row = db.execute(update(organizations).where(mine).values(values).returning(*_COLUMNS))
            return OrganizationRecord(**fields(row.one()))
