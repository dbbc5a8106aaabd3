"""Registered repositories."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from genloom.interfaces.server.storage.columns import is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import RepoRecord
from genloom.interfaces.server.storage.refusals import UnknownRowError
from genloom.interfaces.server.storage.rows import fields, page_of, paged
from genloom.interfaces.server.storage.schema import organizations, repos

__all__ = ["Repos"]

_CHANGEABLE = {"default_branch", "language", "check_suite"}


class Repos:
    """The repositories of organisations. One that was removed is listed no more, but its runs still name it."""

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @writes
    def create(
        self,
        organization_id: int,
        *,
        name: str,
        full_name: str,
        source: str,
        default_branch: str | None = None,
        language: str | None = None,
    ) -> RepoRecord:
        """Register a repository; its `folder` gets a name that nothing has had before.

        Raises `UnknownRowError` when there is no such organisation.
        """
        values = {
            "organization_id": organization_id,
            "name": name,
            "full_name": full_name,
            "source": source,
            "folder": uuid.uuid4().hex,
            "default_branch": default_branch,
            "language": language,
            "created_at": self._clock(),
        }
        mine = organizations.c.id == organization_id
        with self._database.write() as db:
            if not is_id(organization_id) or db.execute(select(organizations.c.id).where(mine)).first() is None:
                raise UnknownRowError("organisation", organization_id)
            row = db.execute(self._database.insert(repos, values).returning(*repos.c))
            return RepoRecord(**fields(row.one()))

    @reads
    def get(self, organization_id: int, repo_id: int) -> RepoRecord | None:
        """Return a repository, also one that was removed; `None` when the organisation has none of that number."""
        if not is_id(organization_id, repo_id):
            return None
        with self._database.read() as db:
            row = db.execute(select(repos).where(*_of(organization_id, repo_id))).one_or_none()
        return RepoRecord(**fields(row)) if row else None

    @reads
    def page(self, organization_id: int, *, skip: int, limit: int) -> tuple[tuple[RepoRecord, ...], int]:
        """Return some of the organisation's repositories by number, without those removed, and how many there are."""
        if not is_id(organization_id):
            return (), 0
        offered = select(repos).where(repos.c.organization_id == organization_id, repos.c.removed_at.is_(None))
        with self._database.read() as db:
            return page_of(db, paged(offered, order=lambda c: [c.id]), RepoRecord, skip=skip, limit=limit)

    @writes
    def change(self, organization_id: int, repo_id: int, **changes: Any) -> RepoRecord | None:  # Any: columns
        """Set `default_branch`, `language` or `check_suite` (JSON, whole) of a repository that is not removed."""
        unknown = set(changes) - _CHANGEABLE
        if unknown or not changes:
            raise ValueError(f"of a repository {', '.join(sorted(_CHANGEABLE))} can be changed")
        return self._update(organization_id, repo_id, changes)

    @writes
    def remove(self, organization_id: int, repo_id: int) -> RepoRecord | None:
        """Offer a repository no more; `None` when there is none of that number that is offered."""
        return self._update(organization_id, repo_id, {"removed_at": self._clock()})

    def _update(self, organization_id: int, repo_id: int, values: dict[str, Any]) -> RepoRecord | None:
        if not is_id(organization_id, repo_id):
            return None
        mine = (*_of(organization_id, repo_id), repos.c.removed_at.is_(None))
        with self._database.write() as db:
            row = db.execute(update(repos).where(*mine).values(values).returning(*repos.c)).one_or_none()
            return RepoRecord(**fields(row)) if row else None


def _of(organization_id: int, repo_id: int) -> tuple[Any, ...]:  # Any: conditions
    return repos.c.organization_id == organization_id, repos.c.id == repo_id
