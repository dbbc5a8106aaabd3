"""The outbox: messages that runs' ends left behind, in the transaction that ended them, to be delivered at least once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, case, delete, func, literal, select, update

from genloom.interfaces.server.storage.columns import digest_of, is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import DeliveryRecord, NewDelivery, RunRecord
from genloom.interfaces.server.storage.rows import fields, page_of, paged
from genloom.interfaces.server.storage.schema import deliveries

__all__ = ["Deliveries", "post_all"]

HOLD_SECONDS = 60.0
FURTHEST_SECONDS = 86_400.0

_COLUMNS = [column for column in deliveries.c if column.name not in ("url_digest", "lease_epoch")]


class Deliveries:
    """Messages by the time they are due. Whoever sends them works for all organisations."""

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @writes
    def due(
        self,
        now: float,
        limit: int,
        *,
        each: int | None = None,
        under_way: Mapping[int, int] | None = None,
        hold: float = HOLD_SECONDS,
    ) -> tuple[DeliveryRecord, ...]:
        """Take up to `limit` messages that are due, and count an attempt for each.

        Organisations take turns, each with what is longest due. `each` is the most that one organisation may have under
        way, those counted that it has already (`under_way`, by organisation): a receiver that hangs holds up no other's.

        They are due again after `hold` seconds unless `done`, `again` or `give_up` says otherwise before: no other sender
        gets them meanwhile, and those of a sender that was killed are not lost. What is due more than a day ahead is due
        now: the clock was set back.
        """
        at = deliveries.c.due_at
        is_due = at.is_not(None) & ((at <= now) | (at > now + FURTHEST_SECONDS))  # as the index has it
        place = func.row_number().over(partition_by=deliveries.c.organization_id, order_by=deliveries.c.due_at)
        had = case(under_way, value=deliveries.c.organization_id, else_=0) if under_way else literal(0)
        line = select(deliveries.c.id, (place + had).label("place"), deliveries.c.due_at).where(is_due).subquery()
        turns = select(line.c.id).order_by(line.c.place, line.c.due_at).limit(limit)
        if each is not None:
            turns = turns.where(line.c.place <= each)
        # `is_due` once more: it is looked at again when another sender has just taken the row
        waiting = select(deliveries.c.id).where(is_due, deliveries.c.id.in_(turns)).order_by(deliveries.c.due_at)
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

    @writes
    def forget(self, settled_before: float, *, most: int) -> int:
        """Delete up to `most` messages that were made before a time and are settled; return how many it did."""
        settled = deliveries.c.due_at.is_(None) & (deliveries.c.created_at < settled_before)
        old = select(deliveries.c.id).where(settled).limit(most)
        with self._database.write() as db:
            return db.execute(delete(deliveries).where(deliveries.c.id.in_(old))).rowcount

    def _settle(self, delivery_id: str, **values: Any) -> None:  # Any: columns
        open_still = (deliveries.c.id == delivery_id, deliveries.c.due_at.is_not(None))
        with self._database.write() as db:
            db.execute(update(deliveries).where(*open_still).values(values))


def post_all(
    db: Connection, database: ServerDatabase, run: RunRecord, messages: Sequence[NewDelivery], now: float
) -> None:
    """Put messages of a run into the outbox, in the caller's transaction; one that is there already is left alone.

    A lease ends once, and so does a wait in the queue, which raises the epoch: what else has the epoch of a message is
    the same event.
    """
    for message in messages:
        values = {
            "id": message.id,
            "organization_id": run.organization_id,
            "run_id": run.id,
            "leg": run.leg,
            "lease_epoch": run.lease_epoch,
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
