"""Addresses that a token may be sent to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from genloom.errors import UsageError

__all__ = ["checked_address", "is_loopback", "sends_in_the_clear"]

_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.\-_:\[\]]+(/[A-Za-z0-9._~%\-/]*)?", re.IGNORECASE)


def checked_address(url: str, *, what: str, variable: str, allow_http: bool) -> str:
    """Return the address without a slash at its end.

    Raises `UsageError` when it is none, holds a user, a query or a fragment, or has no encryption although it is another
    machine's and `allow_http` is not set. `what` and `variable` name it in the message; the address itself is not
    repeated, because it may hold a password.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        usable = False
    if not usable or not _PLAIN_URL.fullmatch(url):
        raise UsageError(
            f"The address of {what} is not of the form https://host[:port], without user or query.",
            hint=f"Check {variable}.",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not allow_http:
        raise UsageError(
            f"The address of {what} is http, and everybody on the way could read the token.",
            hint=f"Give {variable} as https; in a network of your own, GENLOOM_ALLOW_HTTP=1 takes it as it is.",
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host's name or number is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sends_in_the_clear(url: str) -> bool:
    """Whether requests to the address are not encrypted, so that a proxy would see the token."""
    return urlsplit(url).scheme == "http"
