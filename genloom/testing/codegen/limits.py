"""Request limits: so many in any stretch of so many seconds, for each token and class of requests."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DOCUMENTED_LIMITS", "RateLimit", "RequestWindows"]


@dataclass(frozen=True)
class RateLimit:
    """At most `requests` in any `seconds`."""

    requests: int
    seconds: float


DOCUMENTED_LIMITS: Mapping[str, RateLimit] = {
    "general": RateLimit(60, 30),
    "create": RateLimit(10, 60),
    "logs": RateLimit(60, 60),
    "edit_pull_request": RateLimit(30, 60),
    "rules": RateLimit(30, 60),
    "setup_commands": RateLimit(5, 60),
    "analyze_logs": RateLimit(5, 60),
    "test_webhook": RateLimit(10, 60),
}
"""By class, as the API's documents of 2025-10 name them (`test_webhook`: 2026-02). They do not say whether the 60 in 30 s
are shared by the endpoints that have this limit; here they are, which is the harder case."""


class RequestWindows:
    """Counts what was let through, by token and class. Safe to use from several threads."""

    def __init__(self, limits: Mapping[str, RateLimit]) -> None:
        self._limits = dict(limits)
        self._passed: dict[tuple[str, str], deque[float]] = {}
        self._lock = threading.Lock()

    def admit(self, token: str, kind: str, now: float) -> float | None:
        """Let a request through and return `None`, or return the seconds until one will be let through."""
        limit = self._limits.get(kind)
        if limit is None:
            return None
        with self._lock:
            passed = self._passed.setdefault((token, kind), deque())
            while passed and passed[0] <= now - limit.seconds:
                passed.popleft()
            if len(passed) < limit.requests:
                passed.append(now)
                return None
            return passed[0] + limit.seconds - now
