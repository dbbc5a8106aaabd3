"""Tokens that have to be fetched: one fetch at a time, kept until they expire or are refused."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import Future
from dataclasses import dataclass

from pydantic import SecretStr

from genloom.tools.codegen.raised import own_copy

__all__ = ["FetchedToken", "FetchingProvider"]

FLIGHT_SECONDS = 60.0
"""How long a fetch of somebody else's is waited for: its loop may have been stopped, or its process forked, meanwhile."""


@dataclass(frozen=True, kw_only=True)
class FetchedToken:
    """A token, and how many seconds it is good for where that is known."""

    value: SecretStr
    seconds: float | None = None


class FetchingProvider(ABC):
    """A `TokenProvider` over `fetch`.

    Whoever asks while a fetch is under way, in whatever thread or event loop, waits for that one and gets its token or
    its error. When it is cancelled, or has not ended after a minute, one of those who wait fetches instead.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: str | None = None
        self._expires: float | None = None
        self._flight: Future[str] | None = None

    @abstractmethod
    async def fetch(self) -> FetchedToken:
        """Return a token, in bounded time. Raises what `TokenProvider.token` raises."""

    async def token(self, *, refused: str | None = None) -> str:
        """Return the token that is known unless it has expired or was refused, else a fetched one."""
        while True:
            with self._lock:
                if self._usable(refused):
                    assert self._known is not None
                    return self._known
                flight, leads = self._flight or Future(), self._flight is None
                self._flight = flight
            if leads:
                return await self._lead(flight)
            if not await _ended(flight):
                self._give_up(flight)
            elif not flight.cancelled():
                error = flight.exception()
                if error is not None:
                    raise own_copy(error)  # the same went to all who waited
                return flight.result()

    def _usable(self, refused: str | None) -> bool:
        if self._known is None or self._known == refused:
            return False
        return self._expires is None or time.monotonic() < self._expires

    def _give_up(self, flight: Future[str]) -> None:
        with self._lock:
            if self._flight is flight:
                self._flight = None

    async def _lead(self, flight: Future[str]) -> str:
        try:
            fetched = await self.fetch()
        except BaseException as error:
            self._give_up(flight)
            if isinstance(error, Exception):
                flight.set_exception(error)
            else:
                flight.cancel()
            raise
        value = fetched.value.get_secret_value()
        with self._lock:
            self._known = value
            self._flight = None if self._flight is flight else self._flight
            # a tenth of its time is left to the requests that carry it; the clock starts late, so the rest is ours
            self._expires = None if fetched.seconds is None else time.monotonic() + 0.9 * fetched.seconds
        flight.set_result(value)
        return value


async def _ended(flight: Future[str]) -> bool:
    """Wait until a fetch, maybe of another loop's, has ended, and return whether it has; being cancelled meanwhile does
    not touch it."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def tell(_: Future[str]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop that waited is closed
            loop.call_soon_threadsafe(over.set)

    flight.add_done_callback(tell)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FLIGHT_SECONDS):
            await over.wait()
    return flight.done()
