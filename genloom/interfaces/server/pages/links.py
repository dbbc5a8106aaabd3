"""Links to a run's page: signed, short-lived, for one run of one organisation. Whoever holds one may read that page."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import urlencode

__all__ = ["LINK_SECONDS", "PAGE_PATH", "PageLinks"]

PAGE_PATH = "/agent/trace"
LINK_SECONDS = 3600.0
STEPS = 6
"""A link is the same for a sixth of its time, so that answers that say the same look the same."""

_PURPOSE = b"genloom run page\n"


class PageLinks:
    """Makes and checks links. A link lives between `seconds` and a sixth more.

    `secret` is the server's own, `base_url` the address that people reach it by. Raises `ValueError` for a secret of less
    than 32 bytes.
    """

    def __init__(
        self, secret: bytes, base_url: str, *, seconds: float = LINK_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        if len(secret) < 32:
            raise ValueError("the secret that signs links has 32 bytes at least")
        self._secret = secret
        self._base_url = base_url.rstrip("/")
        self._seconds = seconds
        self._clock = clock

    def __repr__(self) -> str:
        return f"PageLinks({self._base_url!r})"

    def url(self, organization_id: int, run_id: int) -> str:
        """Return a link to the run's page."""
        step = max(1.0, self._seconds / STEPS)
        expires = int((self._clock() // step + 1) * step + self._seconds)
        signature = self._signature(organization_id, run_id, expires)
        query = urlencode({"organization": organization_id, "expires": expires, "signature": signature})
        return f"{self._base_url}{PAGE_PATH}/{run_id}?{query}"

    def allows(self, organization_id: int, run_id: int, expires: int, signature: str) -> bool:
        """Whether a link's parts are ours and it has not expired."""
        expected = self._signature(organization_id, run_id, expires)
        return hmac.compare_digest(expected.encode(), signature.encode()) and self._clock() < expires

    def _signature(self, organization_id: int, run_id: int, expires: int) -> str:
        told = f"{organization_id}\n{run_id}\n{expires}".encode()
        return hmac.new(self._secret, _PURPOSE + told, hashlib.sha256).hexdigest()
