"""Progress of a call: what it is at, told to the client now and then for as long as it lasts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["MAX_WORDS", "Progress", "report_progress"]

HEARTBEAT_SECONDS = 5.0
LEAST_SECONDS = 0.2
MAX_WORDS = 300
"""What a client is told at once, in characters; `Progress` hands on more, for secrets across the cut to be found whole."""
BEYOND_THE_CUT = 8_000

Send = Callable[[float, str], Awaitable[None]]

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("genloom_mcp_progress", default=None)


def report_progress(text: str) -> None:
    """Tell the client of the call that runs here what it is at; from any thread. Nothing happens where none listens."""
    listener = _listener.get()
    if listener is not None and text:
        listener(text)


class Progress:
    """Tells one client of one call: the seconds that it has taken so far, and the last words on it.

    At most five times a second, and every five seconds where nothing is said.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self._words = ""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take in what is reported in this block, also by threads that it waits for."""
        token = _listener.set(self._take)
        try:
            yield
        finally:
            _listener.reset(token)

    async def run(self) -> None:
        """Tell the client until cancelled."""
        began = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._came.wait()
            except TimeoutError:
                pass
            self._came.clear()
            await self._send(round(time.monotonic() - began, 3), self._words)
            await asyncio.sleep(LEAST_SECONDS)

    def _take(self, text: str) -> None:
        self._loop.call_soon_threadsafe(self._put, text[: MAX_WORDS + BEYOND_THE_CUT])

    def _put(self, text: str) -> None:
        self._words = text
        self._came.set()
