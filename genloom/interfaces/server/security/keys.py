"""API keys: `gl_`, eight characters by which a key is recognised in lists, and 32 random bytes that nobody can guess.

Only the SHA-256 of a key is stored. A slow hash protects passwords because people choose them; 256 random bits cannot be
tried out, and every request would pay for it. The digest is looked up in an index: how long that takes tells something of
digests, from which no key follows.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field

from genloom.errors import StorageError
from genloom.interfaces.server.security.principal import Principal, lower_role
from genloom.interfaces.server.storage import KeyRecord, Role, Storage

__all__ = ["NewKey", "create_key", "find_principal", "key_digest", "make_key"]

USED_SECONDS = 60.0
DAY = 86_400.0

_FORM = re.compile(r"gl_[0-9a-z]{8}_[A-Za-z0-9_-]{43}")
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class NewKey:
    """A key just made. The key itself is known here and to whoever gets it, and never shows in `repr`."""

    text: str = field(repr=False)
    prefix: str
    digest: str = field(repr=False)


def make_key() -> NewKey:
    """Return a new key, which nothing knows yet."""
    prefix = f"gl_{''.join(secrets.choice(_LETTERS) for _ in range(8))}"
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    return NewKey(text, prefix, key_digest(text))


def key_digest(text: str) -> str:
    """Return the hex digest under which a key is stored."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


async def create_key(
    storage: Storage, organization_id: int, user_id: int, *, name: str, role: Role, days: float | None = None
) -> tuple[str, KeyRecord]:
    """Make and store a key of a member; return its text, which cannot be had again, and its record.

    `days` from now it ends, `None` for never. Raises `UnknownRowError` when the organisation has no such member.
    """
    made = make_key()
    expires_at = None if days is None else time.time() + days * DAY
    record = await storage.keys.create(
        organization_id,
        user_id,
        name=name,
        role=role,
        prefix=made.prefix,
        digest=made.digest,
        expires_at=expires_at,
    )
    return made.text, record


async def find_principal(storage: Storage, text: str, *, now: float | None = None) -> Principal | None:
    """Return whom a key stands for; `None` for one that is unknown, revoked, expired, or whose user is no member any more.

    The role is the lower one of the key's and its user's. The use is written down, once a minute at most.
    """
    if not _FORM.fullmatch(text):
        return None
    digest = key_digest(text)
    record = await storage.keys.find(digest)
    now = time.time() if now is None else now
    if record is None or not hmac.compare_digest(record.digest, digest) or not _counts(record, now):
        return None
    if record.last_used_at is None or abs(now - record.last_used_at) >= USED_SECONDS:
        with suppress(StorageError):  # a full disk must not keep anybody from reading
            await storage.keys.used(record.organization_id, record.id)
    return Principal(
        organization_id=record.organization_id,
        user_id=record.user_id,
        role=lower_role(record.role, record.member_role),
        key_id=record.id,
    )


def _counts(record: KeyRecord, now: float) -> bool:
    return record.revoked_at is None and (record.expires_at is None or now < record.expires_at)
