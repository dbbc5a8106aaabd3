"""What an HTTP status of a failed request means for trying again."""

from __future__ import annotations

from genloom.errors import BackendFailure

__all__ = ["failure_of_status"]

_KINDS: dict[int, BackendFailure] = {
    402: "payment",
    408: "timeout",
    409: "server",
    425: "server",
    429: "rate_limit",
    504: "timeout",
}


def failure_of_status(status: int) -> BackendFailure:
    """Return the kind of failure that a status from 400 on stands for (RFC 9110; 425: RFC 8470; 429: RFC 6585)."""
    return _KINDS.get(status, "server" if status >= 500 else "bad_request")
