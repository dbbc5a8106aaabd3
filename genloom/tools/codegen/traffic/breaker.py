"""A circuit breaker: a server that keeps failing is left alone for a while, then tried with one request.

After Nygard, "Release It!" (2007). Pure: the caller tells the time and keeps threads apart.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["Breaker", "Circuit"]

Circuit = Literal["closed", "open", "half_open"]


class Breaker:
    """Closed until `failures` requests in a row failed; then open for `pause` seconds; then half open: one request goes
    as a probe. A success closes it, a failed probe opens it for twice as long, `longest` at most."""

    def __init__(self, *, failures: int = 10, pause: float = 1.0, longest: float = 30.0) -> None:
        self._limit, self._first_pause, self._longest = failures, pause, longest
        self._pause = pause
        self._failed = 0
        self._open_until: float | None = None
        self._probing = False

    def circuit(self, now: float) -> Circuit:
        """Return how it stands."""
        if self._open_until is None:
            return "closed"
        return "open" if now < self._open_until else "half_open"

    def wait(self, now: float) -> float:
        """Return the seconds until a request may go, 0 for now. While a probe is out, the pause it would cost."""
        if self._open_until is None:
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        return self._first_pause if self._probing else 0.0

    def start(self, now: float) -> bool:
        """Start a request; only when `wait` is 0. Returns whether it is the probe."""
        self._probing = self.circuit(now) == "half_open"
        return self._probing

    def succeed(self) -> None:
        """The server answered a request as a working server does."""
        self._failed, self._open_until, self._probing, self._pause = 0, None, False, self._first_pause

    def fail(self, now: float, *, probe: bool) -> None:
        """A request failed."""
        if self._open_until is None:
            self._failed += 1
            if self._failed >= self._limit:
                self._open_until = now + self._pause
        elif probe:
            self._probing = False
            self._pause = min(self._pause * 2, self._longest)
            self._open_until = now + self._pause

    def abandon(self, *, probe: bool) -> None:
        """A request was cancelled: nothing is known; another may be the probe."""
        if probe:
            self._probing = False
