"""The traffic of one account with one server: every request of the process goes out under its limits.

Shared by all clients of one address, token and pacing, whatever thread or event loop they live in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import get_args

from genloom.errors import AgentError, GenloomError
from genloom.tools.backoff import backoff_seconds
from genloom.tools.codegen.http.failures import UnsentError
from genloom.tools.codegen.traffic.breaker import Breaker
from genloom.tools.codegen.traffic.lane import Lane
from genloom.tools.codegen.traffic.limits import Limits, Rate, RequestClass, request_class
from genloom.tools.codegen.traffic.windows import SlidingWindow

__all__ = ["GuardedServer", "Traffic"]


class GuardedServer:
    """A circuit breaker for one server, safe to use from several threads."""

    def __init__(self, breaker: Breaker, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._breaker, self._clock = breaker, clock
        self._lock = threading.Lock()
        self._last_failure = ""

    def start(self) -> bool:
        """Start a request; returns whether it is a probe. Raises `UnsentError` while the server is left alone."""
        with self._lock:
            now = self._clock()
            wait = self._breaker.wait(now)
            if wait == 0:
                return self._breaker.start(now)
        raise UnsentError(
            f"The server failed many times in a row and is left alone for {wait:.1f} s. {self._last_failure}".rstrip(),
            kind="connection",
            hint="Check CODEGEN_API_BASE_URL and whether the service is up.",
            retry_after=wait,
        )

    def end(self, error: BaseException | None, *, probe: bool) -> None:
        """End a request. An answer of any kind but a server's failure shows that the server works."""
        with self._lock:
            if isinstance(error, AgentError) and error.kind in ("connection", "timeout", "server"):
                self._breaker.fail(self._clock(), probe=probe)
                self._last_failure = error.message
            elif error is None or isinstance(error, GenloomError):
                self._breaker.succeed()
            else:
                self._breaker.abandon(probe=probe)


class Traffic:
    """Lets requests out: first the window of its class, then a bound on what is under way at once (creation before the
    list, the list before anything else), then the server's circuit breaker.

    `retry_after_cap` bounds what is honoured of a refusal's `Retry-After`; without one the class pauses for a random time
    that grows with refusals in a row, between 0 and `pause_cap` seconds.
    """

    def __init__(
        self,
        limits: Limits,
        server: GuardedServer,
        *,
        retry_after_cap: float = 120.0,
        pause_base: float = 0.5,
        pause_cap: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server, self._clock = server, clock
        self._retry_after_cap, self._pause_base, self._pause_cap = retry_after_cap, pause_base, pause_cap
        names: tuple[RequestClass, ...] = get_args(RequestClass)
        self._lanes = {name: Lane(SlidingWindow(limits.rate(name)), clock=clock) for name in names}
        self._refusals = dict.fromkeys(names, 0)
        # a window of no length holds its places only while requests are under way
        self._at_once = Lane(SlidingWindow(Rate(limits.at_once, 0.0)), clock=clock)

    def spacing(self, name: RequestClass = "general") -> float:
        """Return the seconds between requests of a class that use its window evenly, 0 without a limit."""
        return self._lanes[name].spacing()

    def waiting(self, name: RequestClass = "general") -> int:
        """Return how many requests of a class wait for their window."""
        return self._lanes[name].waiting

    @property
    def under_way(self) -> int:
        """How many requests of all classes have started and not ended."""
        return self._at_once.under_way

    @asynccontextmanager
    async def permit(self, method: str, path: str) -> AsyncIterator[None]:
        """Wait until the request may go; send it inside the block, and let its error pass through the block's end.

        Raises `UnsentError` while the server's circuit is open. Cancelled before the block, the request leaves nothing
        behind; cancelled inside, it counts as sent.
        """
        name = request_class(method, path)
        lane, priority = self._lanes[name], _priority(name, method, path)
        await lane.enter(priority)
        try:
            await self._at_once.enter(priority)
        except BaseException:
            lane.give_back()
            raise
        try:
            probe = self._server.start()
        except UnsentError:
            self._at_once.end()
            lane.give_back()
            raise
        started, error = self._clock(), None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._at_once.end()
            self._settle(name, started, error)
            self._server.end(error, probe=probe)

    def _settle(self, name: RequestClass, started: float, error: BaseException | None) -> None:
        lane = self._lanes[name]
        if isinstance(error, UnsentError):
            lane.give_back()
        elif isinstance(error, AgentError) and error.kind == "rate_limit":
            self._refusals[name] += 1
            pause = self._pause(self._refusals[name], error.retry_after)
            lane.refuse(started=started, pause=pause)
        else:
            self._refusals[name] = 0
            lane.end()

    def _pause(self, refusals: int, retry_after: float | None) -> float:
        if retry_after is not None:  # whoever tries again adds jitter of its own
            return min(retry_after, self._retry_after_cap)
        return backoff_seconds(refusals, base=self._pause_base, cap=self._pause_cap)


def _priority(name: RequestClass, method: str, path: str) -> int:
    if name == "creation":
        return 0
    return 1 if method == "GET" and path.endswith("/agent/runs") else 2
