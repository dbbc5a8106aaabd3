"""Who asks: the key of a request, looked up at most once in a while, so that polling costs the database nothing.

A key counts as it was found for two seconds: one that was revoked or has expired stops within that time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping

from genloom.errors import StorageError
from genloom.interfaces.server.admission.rates import RateWindows
from genloom.interfaces.server.errors import ApiError, refused, too_many
from genloom.interfaces.server.security.keys import find_principal, key_digest
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.storage import Storage
from genloom.tools.codegen.traffic.limits import Rate

__all__ = ["FRESH_SECONDS", "Authentication"]

FRESH_SECONDS = 2.0
MOST_KEYS = 10_000
LONGEST_KEY = 512


class Authentication:
    """The keys of one server. `session_keys` are known by digest beside those stored.

    After `failures` unknown keys from one address, further ones from there are answered 429 for a while. Each key is looked
    up all the same: others, with good keys, may have that address too, as behind a proxy.
    """

    def __init__(self, storage: Storage, *, failures: Rate | None, session_keys: Mapping[str, Principal]) -> None:
        self._storage = storage
        self._session_keys = dict(session_keys)
        self._failures = RateWindows(failures)
        self._known: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    async def principal(self, authorizations: list[str], address: str) -> Principal:
        """Return whose key these `Authorization` headers hold. Raises `ApiError`: 401, or 429 after many failures."""
        key = _key(authorizations)
        if key is None:
            raise _unknown("The request has no key: send `Authorization: Bearer …`.")
        found = await self._find(key, key_digest(key))
        if found is None:
            if wait := self._failures.admit(address, time.monotonic()):
                raise too_many(wait, "Too many requests with unknown keys came from this address.")
            raise _unknown("The key is not known, or does not count any more.")
        return found

    async def still_good(self, authorization: str) -> bool:
        """Whether a key that was good still is. True while the database cannot tell."""
        key = _key([authorization])
        try:
            return key is not None and await self._find(key, key_digest(key)) is not None
        except StorageError:
            return True

    async def _find(self, key: str, digest: str) -> Principal | None:
        if digest in self._session_keys:
            return self._session_keys[digest]
        principal, found_at = self._known.get(digest, (None, 0.0))
        now = time.monotonic()
        if principal is not None and now - found_at < FRESH_SECONDS:
            return principal
        principal = await find_principal(self._storage, key)
        if principal is None:
            self._known.pop(digest, None)
            return None
        self._known[digest] = principal, now
        self._known.move_to_end(digest)
        if len(self._known) > MOST_KEYS:
            self._known.popitem(last=False)
        return principal


def _key(authorizations: list[str]) -> str | None:
    scheme, _, key = (authorizations[0] if len(authorizations) == 1 else "").partition(" ")
    key = key.strip()
    return key if scheme.lower() == "bearer" and 0 < len(key) <= LONGEST_KEY else None


def _unknown(message: str) -> ApiError:
    return refused(401, message, headers={"WWW-Authenticate": "Bearer"})
