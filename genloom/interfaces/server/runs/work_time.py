"""For how long a leg has been worked on, by all of its workers together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["WorkTime"]


class WorkTime:
    """Seconds of work, counted on from `before`. Waiting for a store that cannot serve is no work."""

    def __init__(self, before: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._before = before
        self._clock = clock
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """The seconds so far."""
        return self._before + (0.0 if self._since is None else self._clock() - self._since)

    @contextmanager
    def counted(self, most: float, over: Callable[[], None]) -> Iterator[None]:
        """Count the time in the block; `over` is called once it is `most` seconds in all."""
        timer = asyncio.get_running_loop().call_later(max(0.0, most - self._before), over)
        self._since = self._clock()
        try:
            yield
        finally:
            timer.cancel()
            self._before, self._since = self.seconds, None
