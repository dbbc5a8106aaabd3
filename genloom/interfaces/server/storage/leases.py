"""The workers' side of runs: who works on which run. The one place, beside the outbox, that looks across organisations.

A lease is `(run, epoch)`: taking a run raises its epoch, and every write of a worker names the epoch that it got, so that
whoever lost a lease can write nothing. An owner raises the run's beat every few seconds. Whoever wants to take a run over
must have seen the same `(id, epoch, beat)` for the whole lease time of its own monotonic clock: clocks are compared
nowhere, so one that jumps does no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from genloom.interfaces.server.storage.columns import is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.deliveries import post_all
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import ENDED, NewDelivery, RunRecord, RunStatus
from genloom.interfaces.server.storage.run_rows import WHOLE, run_record
from genloom.interfaces.server.storage.schema import organizations, runs

__all__ = ["Beat", "RunLeases"]

Beat = tuple[int, int, int]
"""A run's id, its lease's epoch and its last beat."""

_FREE = {"lease_owner": None}


class RunLeases:
    """Taking runs, working on them, and ending them once."""

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @reads
    def beats(self) -> frozenset[Beat]:
        """Return the beats of all leases that are held now, for whoever watches for those that stand still."""
        with self._database.read() as db:
            return frozenset((row.id, row.lease_epoch, row.lease_beat) for row in _held(db))

    @writes
    def lease(self, owner: str, *, stale: AbstractSet[Beat] = frozenset()) -> RunRecord | None:
        """Take the next run; `None` when there is none, or another worker was quicker.

        A queued run that shall be cancelled comes first, for it costs nothing. Then it is the turn of the organisation
        with the fewest runs under way, of these the one whose last turn is longest ago, and of its run with the lowest
        number. Runs whose beat is in `stale` are taken over, and that is counted; they are not under way.
        """
        with self._database.write(alone=True) as db:
            held = _held(db)
            left = [row for row in held if (row.id, row.lease_epoch, row.lease_beat) in stale]
            under_way = Counter(row.organization_id for row in held if row not in left)
            first = {row.organization_id: row for row in sorted([*_queued(db), *left], key=lambda row: -row.id)}
            fewest = min((under_way[number] for number in first), default=0)
            next_ones = [row for row in first.values() if under_way[row.organization_id] == fewest]
            if (cancelled := _to_cancel(db)) is not None:
                return self._take(db, cancelled, owner)
            turns = _last_turns(db, [row.organization_id for row in next_ones]) if len(next_ones) > 1 else {}
            chosen = min(next_ones, key=lambda row: (turns.get(row.organization_id, 0), row.id), default=None)
            if chosen is None:
                return None
            db.execute(_TURN, {"organization": chosen.organization_id})  # before its run: as all do who lock both
            return self._take(db, chosen, owner)

    def _take(self, db: Connection, chosen: Any, owner: str) -> RunRecord | None:  # Any: a row
        now = self._clock()
        as_seen = [
            *(runs.c.id == chosen.id, runs.c.status == chosen.status),
            *(runs.c.lease_epoch == chosen.lease_epoch, runs.c.lease_beat == chosen.lease_beat),
        ]
        values = {
            "status": "in_progress",
            "lease_owner": owner,
            "lease_beat": 0,
            "untidy": True,
            "updated_at": now,
            "lease_epoch": runs.c.lease_epoch + 1,
            "started_at": func.coalesce(runs.c.started_at, now),
            "takeovers": runs.c.takeovers + (1 if chosen.status == "in_progress" else 0),
        }
        taken = update(runs).where(*as_seen).values(values).returning(*WHOLE)
        row = db.execute(taken).one_or_none()
        return run_record(row) if row else None

    @writes
    def beat(self, run_id: int, epoch: int, *, worked: float | None = None) -> RunRecord | None:
        """Show that the run is being worked on, and for how many seconds its leg was so far; return it as it is, `wanted`
        included, or `None`: the lease is lost."""
        told = {} if worked is None else {"worked": worked}
        return self._write(run_id, epoch, {"lease_beat": runs.c.lease_beat + 1, **told})

    @writes
    def finish(
        self,
        run_id: int,
        epoch: int,
        *,
        status: RunStatus,
        result: str | None,
        summary: str | None,
        outcome: dict[str, Any] | None = None,
        fitted: Sequence[str] | None = None,
        deliveries: Sequence[NewDelivery] = (),
    ) -> bool:
        """End a run and put its messages into the outbox, both or neither; false when the lease is lost."""
        now = self._clock()
        known = None if fitted is None else list(fitted)
        told = {"status": status, "result": result, "summary": summary, "outcome": outcome, "fitted": known}
        values = {**told, **_FREE, "ended_at": now, "updated_at": now}
        return self._write(run_id, epoch, values, deliveries) is not None

    @writes
    def pause(
        self,
        run_id: int,
        epoch: int,
        summary: str | None,
        deliveries: Sequence[NewDelivery] = (),
        *,
        outcome: dict[str, Any] | None = None,
        question: str | None = None,
    ) -> bool:
        """Let a run rest until it is resumed, and tell of it; false when the lease is lost, or when the run shall be
        cancelled: nobody would do that to a run that rests. `outcome` is what a person has to decide on, `question` the
        name of the question that waits for that person: without one, resuming answers nothing."""
        told: dict[str, Any] = {"status": "paused", "summary": summary, "question": question}  # Any: columns
        told |= {} if outcome is None else {"outcome": outcome}
        values = {**told, **_FREE, "updated_at": self._clock()}
        return self._write(run_id, epoch, values, deliveries, runs.c.wanted != "cancel") is not None

    @writes
    def release(self, run_id: int, epoch: int) -> bool:
        """Give a run back to the queue, to be gone on with by whoever leases it next; false when the lease is lost."""
        values = {"status": "queued", **_FREE, "updated_at": self._clock()}
        return self._write(run_id, epoch, values) is not None

    @reads
    def untidy(self, limit: int) -> tuple[RunRecord, ...]:
        """Return runs that have ended and of which something may be left outside the database; others each time."""
        left = select(*WHOLE).where(runs.c.untidy, runs.c.status.in_(ENDED)).order_by(func.random()).limit(limit)
        with self._database.read() as db:
            return tuple(run_record(row) for row in db.execute(left))

    @writes
    def tidied(self, run: RunRecord) -> None:
        """Note that nothing is left of the run's leg outside the database, unless its next leg has begun."""
        mine = (runs.c.id == run.id, runs.c.place == run.place, runs.c.status.in_(ENDED))
        with self._database.write() as db:
            db.execute(update(runs).where(*mine).values(untidy=False))

    @reads
    def rests(self, run_id: int, place: str) -> bool | None:
        """Return whether nobody works on a leg, `None` when this database knows no such leg."""
        mine = (runs.c.id == run_id, runs.c.place == place)
        with self._database.read() as db:
            status = db.execute(select(runs.c.status).where(*mine)).scalar_one_or_none()
        return None if status is None else status != "in_progress"

    def _write(
        self,
        run_id: int,
        epoch: int,
        values: dict[str, Any],  # Any: columns
        messages: Sequence[NewDelivery] = (),
        *more: Any,  # Any: conditions
    ) -> RunRecord | None:
        """Change the run if the lease of that epoch is still held."""
        if not is_id(run_id, epoch):
            return None
        mine = (runs.c.id == run_id, runs.c.lease_epoch == epoch, runs.c.status == "in_progress", *more)
        with self._database.write() as db:
            row = db.execute(update(runs).where(*mine).values(values).returning(*WHOLE)).one_or_none()
            if row is None:
                return None
            run = run_record(row)
            post_all(db, self._database, run, messages, self._clock())
        return run


_LEASE = (runs.c.id, runs.c.organization_id, runs.c.status, runs.c.lease_epoch, runs.c.lease_beat)


def _held(db: Connection) -> Sequence[Any]:  # Any: rows
    return db.execute(select(*_LEASE).where(runs.c.status == "in_progress")).all()


def _queued(db: Connection) -> Sequence[Any]:  # Any: rows
    """Return the queued run with the lowest number of each organisation."""
    lowest = select(func.min(runs.c.id)).where(runs.c.status == "queued").group_by(runs.c.organization_id)
    return db.execute(select(*_LEASE).where(runs.c.id.in_(lowest))).all()


_TURN = (
    update(organizations)
    .where(organizations.c.id == bindparam("organization"))
    .values(last_turn=select(func.max(organizations.c.last_turn) + 1).scalar_subquery())
)
"""Turns are numbered: a clock that jumps changes nobody's place."""


def _last_turns(db: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Return the number of each organisation's last turn, zero where it had none."""
    asked = select(organizations.c.id, organizations.c.last_turn).where(organizations.c.id.in_(numbers))
    return {row.id: row.last_turn for row in db.execute(asked)}


def _to_cancel(db: Connection) -> Any:  # Any: a row
    cancelled = select(*_LEASE).where(runs.c.status == "queued", runs.c.wanted == "cancel")
    return db.execute(cancelled.order_by(runs.c.id).limit(1)).first()
