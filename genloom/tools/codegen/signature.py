"""The signature of a webhook: an HMAC-SHA256 over the time of sending and the body, shared by sender and receiver.

    X-Genloom-Signature: t=1767225600,v1=5257a869e7…

`t` is Unix time in whole seconds; `v1` is the hexadecimal HMAC of `t`, a full stop and the body. The Codegen documents
name no form; this one is genloom's own, after the form that Stripe's webhooks have.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["SIGNATURE_HEADER", "SIGNATURE_SECONDS", "SignatureCheck", "signature_headers"]

SIGNATURE_HEADER = "X-Genloom-Signature"
SIGNATURE_SECONDS = 300.0
REMEMBERED = 10_000
SHORTEST_SECRET = 16

_FORM = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


def signature_headers(secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """Return the header that signs a body, as a dictionary; `at` is the Unix time of sending, by default now."""
    moment = int(time.time() if at is None else at)
    return {SIGNATURE_HEADER: f"t={moment},v1={_digest(secret, moment, body)}"}


class SignatureCheck:
    """Tells what was signed with the secret, a short while ago, and was not seen before. Safe from several threads.

    A signature counts for `seconds` before and after its time. Those seen within that time are remembered, 10,000 at most:
    with more than that nothing is accepted until the oldest have passed. Raises `ValueError` for a secret shorter than 16
    characters.
    """

    def __init__(
        self, secret: str, *, seconds: float = SIGNATURE_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"a webhook's secret has {SHORTEST_SECRET} characters at least")
        self._secret = secret
        self._seconds = seconds
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"SignatureCheck(seconds={self._seconds:g})"

    def accepts(self, header: str | None, body: bytes) -> bool:
        """Whether the header signs the body, in time and for the first time. An accepted signature is remembered."""
        match = _FORM.fullmatch(header or "")
        if match is None:
            return False
        moment = int(match[1])
        if not hmac.compare_digest(_digest(self._secret, moment, body), match[2]):
            return False
        return self._is_new(match[2], moment)

    def _is_new(self, digest: str, moment: int) -> bool:
        now = self._clock()
        if abs(now - moment) > self._seconds:
            return False
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now:
                self._seen.popitem(last=False)
            if digest in self._seen or len(self._seen) >= REMEMBERED:
                return False
            # a signature from ahead of our clock stays good for longer than one from behind it: both pass in this time
            self._seen[digest] = now + 2 * self._seconds
            return True


def _digest(secret: str, moment: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
