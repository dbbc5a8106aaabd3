"""The queries of runs that clients wait for: built once, because building one costs more than the database's answer."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, tuple_

from genloom.interfaces.server.storage.records import RunRecord
from genloom.interfaces.server.storage.rows import paged
from genloom.interfaces.server.storage.run_rows import OVERVIEW, WHOLE, run_record
from genloom.interfaces.server.storage.schema import run_logs, runs

__all__ = ["PROGRESS", "page_query", "run_of_key", "run_of_number"]

_MINE = select(*WHOLE).where(runs.c.organization_id == bindparam("organization"))
_BY_NUMBER = _MINE.where(runs.c.id == bindparam("number"))
_BY_NUMBER_LOCKED = _BY_NUMBER.with_for_update(key_share=True)
_BY_KEY = _MINE.where(runs.c.key_digest == bindparam("digest"))

_LAST_LOG = select(func.max(run_logs.c.number)).where(run_logs.c.run_id == runs.c.id).scalar_subquery()
PROGRESS = select(*OVERVIEW, _LAST_LOG.label("last_log")).where(
    runs.c.id.in_(bindparam("numbers", expanding=True)),  # SQLite finds no pair in an index, it would read all of it
    tuple_(runs.c.organization_id, runs.c.id).in_(bindparam("pairs", expanding=True)),
)
"""Takes `pairs` of organisations and numbers, and the `numbers` by themselves."""


def run_of_number(db: Connection, organization_id: int, run_id: int, *, lock: bool = False) -> RunRecord | None:
    """Return an organisation's run; with `lock` nobody else changes it before the transaction ends."""
    query = _BY_NUMBER_LOCKED if lock else _BY_NUMBER
    row = db.execute(query, {"organization": organization_id, "number": run_id}).one_or_none()
    return run_record(row) if row else None


def run_of_key(db: Connection, organization_id: int, digest: str) -> RunRecord | None:
    """Return an organisation's run of an idempotency key's digest."""
    row = db.execute(_BY_KEY, {"organization": organization_id, "digest": digest}).one_or_none()
    return run_record(row) if row else None


@cache
def page_query(*, of_user: bool, of_source: bool) -> Select[Any]:
    """Return what finds a page of an `organization`'s runs: those of a `user` or a `source` alone where asked for."""
    query = select(*OVERVIEW).where(runs.c.organization_id == bindparam("organization"))
    if of_user:
        query = query.where(runs.c.user_id == bindparam("user"))
    if of_source:
        query = query.where(runs.c.source_type == bindparam("source"))
    return paged(query, order=lambda c: [c.id.desc()])
