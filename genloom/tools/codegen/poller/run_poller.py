"""The run poller: one shared poll for every pending run of an account, for callers on any thread and event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from genloom.errors import AgentError
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.poller.board import Board
from genloom.tools.codegen.poller.lookups import Found, Lookup
from genloom.tools.codegen.poller.loop import PollLoop
from genloom.tools.codegen.poller.source import RunSource
from genloom.tools.codegen.poller.subscription import RunChanges
from genloom.tools.codegen.traffic import Traffic
from genloom.tools.codegen.wire import AgentRunResponse

__all__ = ["RunPoller"]

IDLE_SECONDS = 5.0


class RunPoller:
    """Follows any number of runs with one request for all of them, as seldom as their callers' patience allows.

    It lives in a daemon thread with an event loop and a connection of its own, started when there is something to do and
    ended after `idle_seconds` without; the process never waits for it. Methods are safe to call from any thread.
    `open_source` opens the connection, in the poller's loop.
    """

    def __init__(
        self,
        open_source: Callable[[], AbstractAsyncContextManager[RunSource]],
        *,
        pacing: Pacing,
        traffic: Traffic,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._open_source, self._pacing, self._traffic = open_source, pacing, traffic
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._live: _Life | None = None

    @property
    def running(self) -> bool:
        """Whether its thread runs."""
        with self._lock:
            return self._live is not None

    def watch(
        self, run_id: int, *, at_once: bool = False, on_trouble: Callable[[AgentError, float], None] | None = None
    ) -> RunChanges:
        """Follow a run: use the answer in a `with` block and iterate it, in the running loop (see `RunChanges`).

        `at_once` looks as soon as may be; without, a run that was just created is left alone for a moment.
        """
        changes = RunChanges(close=lambda caller: self._unwatch(run_id, caller), on_trouble=on_trouble)

        def begin(life: _Life) -> None:
            life.board.watch(run_id, changes, life.loop.clock())
            life.loop.wake(after=0.0 if at_once else self._pacing.poll_first)

        self._post(begin)
        return changes

    @property
    def newest(self) -> int | None:
        """The greatest number of a run that its polls have shown so far; a run that is created later has a greater one."""
        with self._lock:
            return self._live.board.newest or None if self._live else None

    async def find(
        self,
        key: str,
        *,
        deep: bool = False,
        older: int | None = None,
        on_trouble: Callable[[AgentError, float], None] | None = None,
    ) -> AgentRunResponse | None:
        """Return the run that carries that idempotency key, as the next shared list shows it, or `None`.

        Only a list that is asked for after this call says no. It looks at the newest 100 runs, `deep` at the newest 500;
        with `older`, the number of a run that was there before, as far as that one, at 5,000 at most.
        Failures that are tried again are told to `on_trouble`, in the caller's loop; raises the poll's last error when the
        server stays out of reach.
        """
        answer: Found = Future()
        caller = asyncio.get_running_loop()

        def tell(error: AgentError, wait: float) -> None:
            with contextlib.suppress(RuntimeError):  # the caller's loop is closed: nobody listens any more
                caller.call_soon_threadsafe(pass_on, error, wait)

        def pass_on(error: AgentError, wait: float) -> None:
            if on_trouble is not None and not answer.done():
                on_trouble(error, wait)

        def ask(life: _Life) -> None:
            asked = Lookup(key=key, since=life.loop.clock(), deep=deep, older=older, answer=answer, on_trouble=tell)
            life.board.lookups.wanted.append(asked)
            life.loop.wake()

        self._post(ask)
        return await asyncio.wrap_future(answer)

    @asynccontextmanager
    async def expecting(self, key: str) -> AsyncIterator[asyncio.Future[AgentRunResponse | None]]:
        """Give a future that is done when a poll happens to show that key; it asks for no poll of its own."""
        answer: Found = Future()
        self._post(lambda life: life.board.lookups.expect(key, answer))
        try:
            yield asyncio.wrap_future(answer)
        finally:
            answer.cancel()
            self._post(lambda life: life.board.lookups.forget(key, answer), start=False)

    def nudge(self, run_id: int) -> None:
        """Look soon, because somebody heard that the run has changed; nothing happens when nobody watches it."""

        def look(life: _Life) -> None:
            if run_id in life.board.watched:
                life.loop.nudge()

        self._post(look, start=False)

    def _unwatch(self, run_id: int, caller: RunChanges) -> None:
        self._post(lambda life: life.board.unwatch(run_id, caller), start=False)

    def _post(self, what: Callable[[_Life], None], *, start: bool = True) -> None:
        """Have something done in the poller's loop, which is started for it unless `start` is false."""
        with self._lock:
            if self._live is None and start:
                self._live = self._begin()
            if self._live is not None:
                self._live.post(what)

    def _begin(self) -> _Life:
        life = _Life(self._pacing, self._traffic, self._lock)
        try:
            threading.Thread(target=self._live_through, args=(life,), name="genloom-poller", daemon=True).start()
        except BaseException:  # no more threads, or the process is ending
            life.event_loop.close()
            raise
        return life

    def _live_through(self, life: _Life) -> None:
        """The thread: from the first thing to do until there was nothing for a while."""
        with asyncio.Runner(loop_factory=lambda: life.event_loop) as runner:
            runner.run(self._guarded(life))

    async def _guarded(self, life: _Life) -> None:
        try:
            await self._follow(life)
        except Exception as error:  # noqa: BLE001 - the thread's edge: callers wait in other threads, and must hear of it
            with self._lock:
                self._live = None
            await asyncio.sleep(0)  # what was posted meanwhile
            life.board.fail(error)

    async def _follow(self, life: _Life) -> None:
        async with self._open_source() as source:
            while await life.loop.idle(self._idle_seconds) or not self._retire(life):
                await life.loop.follow(source)

    def _retire(self, life: _Life) -> bool:
        """End this life, unless something was posted at the last moment."""
        with self._lock:
            if life.posted or life.board.busy or life.board.lookups.expected:
                return False
            self._live = None
            return True


class _Life:
    """What one thread of the poller has: its event loop, and what it was asked."""

    def __init__(self, pacing: Pacing, traffic: Traffic, lock: threading.Lock) -> None:
        self._lock = lock
        self.event_loop = asyncio.new_event_loop()
        self.board = Board(pacing)
        self.loop = PollLoop(board=self.board, pacing=pacing, traffic=traffic)
        self.posted = 0

    def post(self, what: Callable[[_Life], None]) -> None:
        """Have it done in the event loop; the poller's lock is held."""

        def do() -> None:
            with self._lock:
                self.posted -= 1
            what(self)

        self.posted += 1
        self.event_loop.call_soon_threadsafe(do)
