"""What one caller sees of one run: its changes, on whatever thread and loop the caller lives."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from genloom.errors import AgentError
from genloom.state import AgentRun
from genloom.tools.codegen.raised import own_copy

__all__ = ["RunChanges", "Trouble"]

CHANGES_KEPT = 256


@dataclass(frozen=True)
class Trouble:
    """A poll failed, and is tried again after `wait` seconds."""

    error: AgentError
    wait: float


class _End:
    """No more changes come."""


Seen = AgentRun | Trouble | BaseException | type[_End]


class RunChanges:
    """A context manager and an async iterator, for the loop in which it was made.

    It gives the run as first seen and then each change, and ends after a final status, or when the run has rested
    (paused, unknown status) for too long. Failures that are tried again are told to `on_trouble`; the last one is raised.
    Of more than 256 changes that were not taken the oldest are dropped.
    """

    def __init__(
        self, *, close: Callable[[RunChanges], None], on_trouble: Callable[[AgentError, float], None] | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._close, self._on_trouble = close, on_trouble
        self._seen: deque[Seen] = deque(maxlen=CHANGES_KEPT)
        self._news = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AgentRun:
        while True:
            while not self._seen:
                self._news.clear()
                await self._news.wait()
            match self._seen.popleft():
                case AgentRun() as run:
                    return run
                case Trouble(error, wait):
                    if self._on_trouble:
                        self._on_trouble(error, wait)
                case BaseException() as error:
                    raise own_copy(error)  # the same went to every caller
                case _:
                    raise StopAsyncIteration

    def close(self) -> None:
        """Stop following; the poller asks no more for the run on this caller's behalf."""
        self._close(self)

    def put(self, seen: AgentRun | Trouble | BaseException) -> None:
        """Hand over what was seen; called from the poller's thread."""
        self._hand_over(seen)

    def end(self) -> None:
        """Say that no more comes; called from the poller's thread."""
        self._hand_over(_End)

    def _hand_over(self, seen: Seen) -> None:
        self._seen.append(seen)
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the caller's loop is closed: it wants nothing any more
            self._close(self)
