"""The webhook that an organisation has its runs' ends told to."""

from __future__ import annotations

from sqlalchemy import delete, select

from genloom.interfaces.server.storage.columns import is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import WebhookRecord
from genloom.interfaces.server.storage.refusals import UnknownRowError
from genloom.interfaces.server.storage.rows import fields
from genloom.interfaces.server.storage.schema import organizations, webhooks

__all__ = ["Webhooks"]


class Webhooks:
    """One webhook an organisation."""

    def __init__(self, database: ServerDatabase) -> None:
        self._database = database

    @reads
    def get(self, organization_id: int) -> WebhookRecord | None:
        """Return the organisation's webhook, `None` when it has none."""
        if not is_id(organization_id):
            return None
        mine = webhooks.c.organization_id == organization_id
        with self._database.read() as db:
            row = db.execute(select(webhooks).where(mine)).one_or_none()
        return WebhookRecord(**fields(row)) if row else None

    @writes
    def put(self, organization_id: int, *, url: str, secret: str | None, enabled: bool = True) -> None:
        """Set the organisation's webhook, in place of one that it may have had.

        Raises `UnknownRowError` when there is no such organisation.
        """
        values = {"organization_id": organization_id, "url": url, "secret": secret, "enabled": enabled}
        mine = organizations.c.id == organization_id
        with self._database.write() as db:
            locked = select(organizations.c.id).where(mine).with_for_update(key_share=True)
            if not is_id(organization_id) or db.execute(locked).first() is None:
                raise UnknownRowError("organisation", organization_id)
            db.execute(delete(webhooks).where(webhooks.c.organization_id == organization_id))
            db.execute(self._database.insert(webhooks, values))

    @writes
    def delete(self, organization_id: int) -> bool:
        """Forget the organisation's webhook; false when it has none."""
        if not is_id(organization_id):
            return False
        with self._database.write() as db:
            done = db.execute(delete(webhooks).where(webhooks.c.organization_id == organization_id))
            return done.rowcount > 0
