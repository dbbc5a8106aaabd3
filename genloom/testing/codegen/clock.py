"""The server's clock: real, faster than real, or moved by the test."""

from __future__ import annotations

import threading
import time

__all__ = ["ManualClock", "ServerClock"]


class ServerClock:
    """Runs `speed` times as fast as real time. All that the server measures (runs, limits, delays) goes by it."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"speed is {speed}: it must be above 0")
        self.speed = speed
        self._origin, self._start = time.time(), time.monotonic()

    def time(self) -> float:
        """Return the server's time: seconds since 1970."""
        return self._origin + (time.monotonic() - self._start) * self.speed

    def real_seconds(self, seconds: float) -> float:
        """Return how many real seconds so many of the server's take."""
        return seconds / self.speed

    def real_time(self, moment: float) -> float:
        """Return when, as `time.time()` tells it, the server's clock shows `moment`."""
        return self._origin + (moment - self._origin) / self.speed


class ManualClock(ServerClock):
    """Stands still but for `advance`. Delays of faults take real time all the same."""

    def __init__(self) -> None:
        super().__init__()
        self._advanced = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        """Return the server's time: seconds since 1970."""
        with self._lock:
            return self._origin + self._advanced

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        with self._lock:
            self._advanced += seconds
