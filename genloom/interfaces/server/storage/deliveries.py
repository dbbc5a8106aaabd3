"""The outbox: messages that runs' ends left behind, in the transaction that ended them, to be delivered at least once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from genloom.interfaces.server.storage.columns import digest_of, is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import DeliveryRecord, NewDelivery, RunOverview
from genloom.interfaces.server.storage.rows import fields, page_of, paged
from genloom.interfaces.server.storage.schema import deliveries

__all__ = ["Deliveries", "post_all"]

HOLD_SECONDS = 60.0
FURTHEST_SECONDS = 86_400.0

_COLUMNS = [column for column in deliveries.c if column.name != "url_digest"]


class Deliveries:
    """Messages by the time they are due. Whoever sends them works for all organisations."""

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @writes
    def due(self, now: float, limit: int, *, hold: float = HOLD_SECONDS) -> tuple[DeliveryRecord, ...]:
        """Take up to `limit` messages that are due, longest due first, and count an attempt for each.

        They are due again after `hold` seconds unless `done`, `again` or `give_up` says otherwise before: no other sender
        gets them meanwhile, and those of a sender that was killed are not lost. What is due more than a day ahead is due
        now: the clock was set back.
        """
        is_due = (deliveries.c.due_at <= now) | (deliveries.c.due_at > now + FURTHEST_SECONDS)
        waiting = select(deliveries.c.id).where(is_due).order_by(deliveries.c.due_at).limit(limit)
        with self._database.write() as db:
            found = db.execute(waiting.with_for_update(key_share=True, skip_locked=True)).scalars().all()
            taken = update(deliveries).where(deliveries.c.id.in_(found))
            changed = taken.values(due_at=now + hold, attempts=deliveries.c.attempts + 1).returning(*_COLUMNS)
            rows = {row.id: row for row in db.execute(changed).all()} if found else {}
        return tuple(DeliveryRecord(**fields(rows[number])) for number in found)

    @writes
    def done(self, delivery_id: str, status: int) -> None:
        """Write down that a message was taken, with the HTTP status of the answer."""
        self._settle(delivery_id, delivered_at=self._clock(), due_at=None, last_status=status, last_error=None)

    @writes
    def again(self, delivery_id: str, due_at: float, error: str, *, status: int | None = None) -> None:
        """Let a message be tried again at a time, and say why it failed."""
        self._settle(delivery_id, due_at=due_at, last_status=status, last_error=error)

    @writes
    def give_up(self, delivery_id: str, error: str | None = None, *, status: int | None = None) -> None:
        """Try a message no more."""
        told = {} if error is None else {"last_error": error, "last_status": status}
        self._settle(delivery_id, failed_at=self._clock(), due_at=None, **told)

    @reads
    def page(self, organization_id: int, *, skip: int, limit: int) -> tuple[tuple[DeliveryRecord, ...], int]:
        """Return some of the organisation's messages, newest first, and how many there are."""
        if not is_id(organization_id):
            return (), 0
        mine = select(*_COLUMNS).where(deliveries.c.organization_id == organization_id)
        with self._database.read() as db:
            query = paged(mine, order=lambda c: [c.created_at.desc(), c.id])
            return page_of(db, query, DeliveryRecord, skip=skip, limit=limit)

    def _settle(self, delivery_id: str, **values: Any) -> None:  # Any: columns
        open_still = (deliveries.c.id == delivery_id, deliveries.c.due_at.is_not(None))
        with self._database.write() as db:
            db.execute(update(deliveries).where(*open_still).values(values))


def post_all(
    db: Connection, database: ServerDatabase, run: RunOverview, messages: Sequence[NewDelivery], now: float
) -> None:
    """Put messages of a run into the outbox, in the caller's transaction; one that is there already is left alone."""
    for message in messages:
        values = {
            "id": message.id,
            "organization_id": run.organization_id,
            "run_id": run.id,
            "leg": run.leg,
            "event": message.event,
            "url": message.url,
            "url_digest": digest_of(message.url),
            "secret": message.secret,
            "body": message.body,
            "attempts": 0,
            "created_at": now,
            "due_at": now,
        }
        db.execute(database.insert(deliveries, values, ignore=True))
