"""The log of runs: numbered entries, written by whoever holds the run's lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select

from genloom.interfaces.server.storage.columns import is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import LogRecord
from genloom.interfaces.server.storage.rows import fields
from genloom.interfaces.server.storage.schema import run_logs, runs

__all__ = ["Logs"]


class Logs:
    """The entries of runs."""

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @writes
    def append(self, organization_id: int, run_id: int, epoch: int, entries: Sequence[dict[str, Any]]) -> bool:
        """Add entries (JSON) after those that are there; false, and nothing added, when the lease of that epoch is lost."""
        if not is_id(organization_id, run_id, epoch):
            return False
        leased = (runs.c.lease_epoch == epoch, runs.c.status == "in_progress")
        mine = select(runs.c.id).where(runs.c.organization_id == organization_id, runs.c.id == run_id, *leased)
        with self._database.write() as db:
            if db.execute(mine.with_for_update(key_share=True)).first() is None:
                return False
            last = db.execute(_LAST, {"organization": organization_id, "run": run_id}).scalar_one()
            now = self._clock()
            common = {"organization_id": organization_id, "run_id": run_id, "created_at": now}
            rows = [{**common, "number": last + n, "entry": entry} for n, entry in enumerate(entries, 1)]
            if rows:
                db.execute(insert(run_logs), rows)
        return True

    @reads
    def page(
        self, organization_id: int, run_id: int, *, skip: int, limit: int, reverse: bool = False
    ) -> tuple[tuple[LogRecord, ...], int]:
        """Return some of a run's entries, oldest first or, in `reverse`, newest first, and how many there are.

        `skip=n` leaves out those numbered up to `n`, so that a reader who has seen entry `n` goes on behind it. Raises
        `ValueError` for a negative number.
        """
        if skip < 0 or limit < 0:
            raise ValueError("a page begins at zero or later and has zero rows or more")
        if not is_id(organization_id, run_id):
            return (), 0
        with self._database.read() as db:
            mine = {"organization": organization_id, "run": run_id}
            total: int = db.execute(_LAST, mine).scalar_one()  # numbers have no gaps
            if skip >= total:
                return (), total
            first, last = (total - skip - limit + 1, total - skip) if reverse else (skip + 1, skip + limit)
            between = {"first": max(first, 1), "last": min(last, total)}
            rows = db.execute(_NEWEST_FIRST if reverse else _OLDEST_FIRST, {**mine, **between})
            return tuple(LogRecord(**fields(row)) for row in rows), total

    @writes
    def forget(self, ended_before: float, *, most: int) -> int:
        """Delete the entries of runs that ended before a time, of `most` runs at once; return of how many it did."""
        over = run_logs.join(runs, run_logs.c.run_id == runs.c.id)
        old = select(run_logs.c.run_id).select_from(over).where(runs.c.ended_at < ended_before).distinct().limit(most)
        with self._database.write() as db:
            found = db.execute(old).scalars().all()
            db.execute(delete(run_logs).where(run_logs.c.run_id.in_(found)))
        return len(found)


_MINE = (run_logs.c.organization_id == bindparam("organization"), run_logs.c.run_id == bindparam("run"))
_LAST = select(func.coalesce(func.max(run_logs.c.number), 0)).where(*_MINE)
_ENTRIES = select(run_logs.c.number, run_logs.c.created_at, run_logs.c.entry).where(
    *_MINE, run_logs.c.number.between(bindparam("first"), bindparam("last"))
)
_OLDEST_FIRST = _ENTRIES.order_by(run_logs.c.number)
_NEWEST_FIRST = _ENTRIES.order_by(run_logs.c.number.desc())
