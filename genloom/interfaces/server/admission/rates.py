"""How often whom is let through: sliding windows in bounded memory. Pure: the caller tells the time."""

from __future__ import annotations

from collections import OrderedDict, deque

from genloom.tools.codegen.traffic.limits import Rate

__all__ = ["RateWindows"]

MOST_WINDOWS = 10_000


class RateWindows:
    """One window for each key. Whatever is let through, no stretch of the rate's seconds holds more than its requests.

    At most `most` windows are kept; one more pushes out the one that was quiet for longest. `None` as rate lets all pass.
    """

    def __init__(self, rate: Rate | None, *, most: int = MOST_WINDOWS) -> None:
        self._rate = rate
        self._most = most
        self._passed: OrderedDict[object, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._passed)

    def admit(self, key: object, now: float) -> float:
        """Let a request through and return 0, or return the seconds until one will be let through."""
        wait = self.wait(key, now)
        if not wait and self._rate is not None:
            self._window(key).append(now)
        return wait

    def wait(self, key: object, now: float) -> float:
        """Return the seconds until a request would be let through, 0 for at once; nothing is counted."""
        if self._rate is None or key not in self._passed:
            return 0.0
        passed = self._passed[key]
        while passed and passed[0] + self._rate.seconds <= now:
            passed.popleft()
        if len(passed) < self._rate.requests:
            return 0.0
        return max(passed[0] + self._rate.seconds - now, 1e-9)

    def _window(self, key: object) -> deque[float]:
        window = self._passed.setdefault(key, deque())
        self._passed.move_to_end(key)
        if len(self._passed) > self._most:
            self._passed.popitem(last=False)
        return window
