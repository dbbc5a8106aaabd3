"""Users: who belongs to which organisation, and as what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, delete, select, update

from genloom.interfaces.server.storage.columns import is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import Role, UserRecord
from genloom.interfaces.server.storage.refusals import UnknownRowError
from genloom.interfaces.server.storage.rows import fields, page_of, paged
from genloom.interfaces.server.storage.schema import memberships, organizations, users

__all__ = ["Users"]


class Users:
    """The members of organisations."""

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @writes
    def create(
        self,
        organization_id: int,
        *,
        role: Role,
        email: str | None = None,
        full_name: str | None = None,
        github_username: str | None = None,
    ) -> UserRecord:
        """Add a user as a member of an organisation. Raises `UnknownRowError` when there is no such organisation."""
        values = {"email": email, "full_name": full_name, "github_username": github_username}
        with self._database.write() as db:
            mine = organizations.c.id == organization_id
            if not is_id(organization_id) or db.execute(select(organizations.c.id).where(mine)).first() is None:
                raise UnknownRowError("organisation", organization_id)
            made = self._database.insert(users, {**values, "created_at": self._clock()}).returning(*users.c)
            user = fields(db.execute(made).one())
            member = {"organization_id": organization_id, "user_id": user["id"], "role": role}
            db.execute(self._database.insert(memberships, member))
        return UserRecord(**user, role=role)

    @reads
    def get(self, organization_id: int, user_id: int) -> UserRecord | None:
        """Return a member, `None` when the organisation has none of that number."""
        if not is_id(organization_id, user_id):
            return None
        with self._database.read() as db:
            row = db.execute(_members(organization_id).where(users.c.id == user_id)).one_or_none()
        return UserRecord(**fields(row)) if row else None

    @reads
    def page(self, organization_id: int, *, skip: int, limit: int) -> tuple[tuple[UserRecord, ...], int]:
        """Return some of the organisation's members by number, and how many there are."""
        if not is_id(organization_id):
            return (), 0
        with self._database.read() as db:
            return page_of(
                db, paged(_members(organization_id), order=lambda c: [c.id]), UserRecord, skip=skip, limit=limit
            )

    @writes
    def set_role(self, organization_id: int, user_id: int, role: Role) -> bool:
        """Give a member another role; false when there is no such member."""
        if not is_id(organization_id, user_id):
            return False
        with self._database.write() as db:
            done = db.execute(update(memberships).where(*_of(organization_id, user_id)).values(role=role))
            return done.rowcount > 0

    @writes
    def remove(self, organization_id: int, user_id: int) -> bool:
        """End a membership and delete the member's keys there; false when there is no such member. Runs stay."""
        if not is_id(organization_id, user_id):
            return False
        with self._database.write() as db:
            done = db.execute(delete(memberships).where(*_of(organization_id, user_id)))
            return done.rowcount > 0


def _members(organization_id: int) -> Select[Any]:
    joined = select(users, memberships.c.role).join(memberships, memberships.c.user_id == users.c.id)
    return joined.where(memberships.c.organization_id == organization_id)


def _of(organization_id: int, user_id: int) -> tuple[Any, ...]:  # Any: conditions
    return memberships.c.organization_id == organization_id, memberships.c.user_id == user_id
