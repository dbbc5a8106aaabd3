"""The poller's loop: rounds of polling, one after the other, as long as anybody wants to know anything."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from genloom.errors import AgentError, GenloomError
from genloom.tools.codegen.http.failures import worth_repeating
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.poller.board import Board
from genloom.tools.codegen.poller.round import PollRound
from genloom.tools.codegen.poller.schedule import poll_interval
from genloom.tools.codegen.poller.source import RunSource
from genloom.tools.codegen.traffic import Traffic

__all__ = ["PollLoop"]

MAX_ROUNDS = 4
SLOW_SECONDS = 1.0
NOISE = 4
HELD_UP_SECONDS = 0.5
NUDGE_SECONDS = 0.25


@dataclass(kw_only=True)
class PollLoop:
    """Lives in one event loop. A round that is not answered in three times the usual time does not hold up the next: a
    hanging request would otherwise blind every caller. When `pacing.attempts` rounds in a row failed, everybody who
    was not told anything meanwhile gets the error."""

    board: Board
    pacing: Pacing
    traffic: Traffic
    clock: Callable[[], float] = time.monotonic
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _rounds: set[asyncio.Task[None]] = field(default_factory=set)
    _last: float = float("-inf")
    _not_before: float = float("inf")
    _retry_at: float | None = None
    _nudged: bool = False
    _failures: int = 0
    _failing_since: float | None = None
    _usual: float = 0.0
    _requests: int = 1

    def wake(self, *, after: float = 0.0) -> None:
        """Something was added: think anew; when nothing was going on, look after so many seconds."""
        self._not_before = min(self._not_before, self.clock() + after)
        self._wake.set()

    def nudge(self) -> None:
        """Look soon: somebody heard that there is news."""
        self._nudged = True
        self._wake.set()

    async def follow(self, source: RunSource) -> None:
        """Poll until nobody wants to know anything any more."""
        try:
            while self.board.busy:
                wait = self._due() - self.clock()
                if wait > 0:
                    await self._sleep(wait)
                elif self._rounds and (len(self._rounds) >= MAX_ROUNDS or self.traffic.waiting()):
                    await self._sleep(HELD_UP_SECONDS)
                else:
                    self._start(source)
        finally:
            self._last, self._not_before = float("-inf"), float("inf")
            for task in self._rounds:
                task.cancel()
            await asyncio.gather(*self._rounds, return_exceptions=True)

    async def idle(self, seconds: float) -> bool:
        """Wait for something to do; returns whether there is."""
        if not self.board.busy:
            await self._sleep(seconds)
        return self.board.busy

    def _due(self) -> float:
        if self._retry_at is not None:
            return self._retry_at
        if self._nudged:
            return self._last + min(NUDGE_SECONDS, self.pacing.poll_first)
        if self.board.lookups.open():
            interval = self.pacing.poll_first
        else:
            interval = poll_interval(
                self.pacing,
                pending=len(self.board.watched),
                quiet=self.clock() - self.board.news_at,
                spacing=self.traffic.spacing(),
                requests=self._requests,
            )
        if self._rounds:
            interval = max(interval, SLOW_SECONDS, 3 * self._usual)
        return max(self._last + interval, self._not_before)

    async def _sleep(self, seconds: float) -> None:
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _start(self, source: RunSource) -> None:
        self._last, self._not_before, self._retry_at, self._nudged = self.clock(), float("-inf"), None, False
        task = asyncio.create_task(self._round(source))
        self._rounds.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._rounds.discard(task)
        self._wake.set()

    async def _round(self, source: RunSource) -> None:
        polling = PollRound(board=self.board, source=source, clock=self.clock)
        try:
            await polling.go()
        except AgentError as error:
            if worth_repeating(error):
                self._stumble(error, polling.begun)
            else:
                self.board.fail(error)
        except GenloomError as error:
            self.board.fail(error)
        else:
            self._failures, self._failing_since = 0, None
            self._requests = polling.requests
            took = self.clock() - polling.begun
            self._usual = took if self._usual == 0 else 0.7 * self._usual + 0.3 * took

    def _stumble(self, error: AgentError, begun: float) -> None:
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = begun
        if self._failures >= self.pacing.attempts:
            since = self._failing_since
            self.board.lookups.fail(error, since=since)
            self.board.fail(error, self.board.unseen(since))
            self._failures, self._failing_since = 0, None
            return
        # a few in a row are noise, which longer waits would only make worse; a server that is down is the breaker's matter
        wait = self.pacing.retry_wait(error, max(1, self._failures - NOISE))
        self._retry_at = self.clock() + wait
        self.board.trouble(error, wait)
