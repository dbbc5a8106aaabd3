"""A sliding window of requests: the client's own count of what a server allows.

A request holds its place from its start until `seconds` after its end, since nobody knows when in between the server
counted it. So no stretch of `seconds` at the server holds more than the rate's requests, however slow the network is.
Pure: the caller tells the time and keeps threads apart.
"""

from __future__ import annotations

from collections import deque

from genloom.tools.codegen.traffic.limits import Rate

__all__ = ["SlidingWindow"]

SHRINK = 0.75
LEAST = 0.1
RECOVERY_WINDOWS = 2.0


class SlidingWindow:
    """Places of one class of requests. `None` as rate sets no bound, only pauses hold.

    A refusal (429) pauses the window and shrinks it by a quarter, at most to a tenth: others use the same account, or the
    server allows less than it says. Requests that were under way when it shrank do not shrink it again. Within two
    windows without a refusal it grows back.
    """

    def __init__(self, rate: Rate | None) -> None:
        self._rate = rate
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._paused_until = float("-inf")
        self._shrunk_to = 0.0
        self._shrunk_at = float("-inf")

    @property
    def under_way(self) -> int:
        """How many requests have started and not ended."""
        return self._under_way

    def allowed(self, now: float) -> float:
        """Return how many places there are at present, `inf` without a rate."""
        if self._rate is None:
            return float("inf")
        if self._shrunk_at == float("-inf"):
            return self._rate.requests
        regrown = (now - self._shrunk_at) / max(RECOVERY_WINDOWS * self._rate.seconds, 1e-9) * self._rate.requests
        return max(1, min(self._rate.requests, int(self._shrunk_to + regrown)))

    def wait(self, now: float) -> float | None:
        """Return the seconds until a place is free, 0 for at once; `None`: when one of those under way has ended."""
        paused = max(0.0, self._paused_until - now)
        if self._rate is None:
            return paused
        while self._ended and self._ended[0] + self._rate.seconds <= now:
            self._ended.popleft()
        excess = self._under_way + len(self._ended) - int(self.allowed(now)) + 1
        if excess <= 0:
            return paused
        if excess > len(self._ended):
            return None
        return max(paused, self._ended[excess - 1] + self._rate.seconds - now)

    def take(self) -> None:
        """Start a request; only after `wait` returned 0."""
        self._under_way += 1

    def give_back(self) -> None:
        """Undo `take`: the request was never sent."""
        self._under_way -= 1

    def end(self, now: float) -> None:
        """End a request that was sent."""
        self._under_way -= 1
        if self._rate is not None:
            self._ended.append(now)

    def refuse(self, now: float, *, started: float, pause: float) -> None:
        """Take note that the server refused a request that started then; nothing starts for `pause` seconds."""
        self._paused_until = max(self._paused_until, now + pause)
        if self._rate is not None and started >= self._shrunk_at:
            self._shrunk_to = max(self.allowed(now) * SHRINK, self._rate.requests * LEAST, 1.0)
            self._shrunk_at = now

    def spacing(self, now: float) -> float:
        """Return the seconds between requests that use every place evenly, 0 without a rate."""
        return 0.0 if self._rate is None else self._rate.seconds / self.allowed(now)
