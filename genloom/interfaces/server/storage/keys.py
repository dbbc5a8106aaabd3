"""API keys as they are stored: by digest. `security.keys` makes and checks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from genloom.interfaces.server.storage.columns import is_id
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.records import KeyRecord, Role
from genloom.interfaces.server.storage.refusals import UnknownRowError
from genloom.interfaces.server.storage.rows import fields, page_of, paged
from genloom.interfaces.server.storage.schema import api_keys, memberships

__all__ = ["Keys"]


class Keys:
    """The API keys of organisations."""

    def __init__(self, database: ServerDatabase, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    @writes
    def create(
        self,
        organization_id: int,
        user_id: int,
        *,
        name: str,
        role: Role,
        prefix: str,
        digest: str,
        expires_at: float | None = None,
    ) -> KeyRecord:
        """Add a key of a member. Raises `UnknownRowError` when the organisation has no such member."""
        values = {
            "organization_id": organization_id,
            "user_id": user_id,
            "name": name,
            "role": role,
            "prefix": prefix,
            "digest": digest,
            "created_at": self._clock(),
            "expires_at": expires_at,
        }
        member = (memberships.c.organization_id == organization_id, memberships.c.user_id == user_id)
        with self._database.write() as db:
            known = is_id(organization_id, user_id)
            if not known or db.execute(select(memberships.c.role).where(*member)).first() is None:
                raise UnknownRowError("user", user_id)
            made = db.execute(self._database.insert(api_keys, values).returning(api_keys.c.id))
            number = made.scalar_one()
            row = db.execute(_keys(organization_id).where(api_keys.c.id == number))
            return KeyRecord(**fields(row.one()))

    @reads
    def find(self, digest: str) -> KeyRecord | None:
        """Return the key of a digest, whosever it is: this is how a request's organisation is found."""
        with self._database.read() as db:
            row = db.execute(_BY_DIGEST, {"digest": digest}).one_or_none()
        return KeyRecord(**fields(row)) if row else None

    @reads
    def page(self, organization_id: int, *, skip: int, limit: int) -> tuple[tuple[KeyRecord, ...], int]:
        """Return some of the organisation's keys by number, those revoked too, and how many there are."""
        if not is_id(organization_id):
            return (), 0
        with self._database.read() as db:
            return page_of(db, paged(_keys(organization_id), order=lambda c: [c.id]), KeyRecord, skip=skip, limit=limit)

    @writes
    def revoke(self, organization_id: int, key_id: int) -> bool:
        """End a key for good; false when the organisation has none of that number that still counts."""
        if not is_id(organization_id, key_id):
            return False
        mine = (api_keys.c.organization_id == organization_id, api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        with self._database.write() as db:
            done = db.execute(update(api_keys).where(*mine).values(revoked_at=self._clock()))
            return done.rowcount > 0

    @writes
    def used(self, organization_id: int, key_id: int) -> None:
        """Write down that a key was used now."""
        if not is_id(organization_id, key_id):
            return
        mine = (api_keys.c.organization_id == organization_id, api_keys.c.id == key_id)
        with self._database.write() as db:
            db.execute(update(api_keys).where(*mine).values(last_used_at=self._clock()))


def _keys(organization_id: int | None) -> Select[Any]:
    """Return the keys with their users' roles of today; those of all organisations for `None`."""
    same = (memberships.c.organization_id == api_keys.c.organization_id) & (memberships.c.user_id == api_keys.c.user_id)
    joined = select(api_keys, memberships.c.role.label("member_role")).join(memberships, same)
    return joined if organization_id is None else joined.where(api_keys.c.organization_id == organization_id)


_BY_DIGEST = _keys(None).where(api_keys.c.digest == bindparam("digest"))
