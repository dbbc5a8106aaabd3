"""A lane: requests of one class from any thread and event loop, let through one by one as their window has places."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

from genloom.tools.codegen.traffic.turns import Turns
from genloom.tools.codegen.traffic.windows import SlidingWindow

__all__ = ["Lane"]

PATIENCE = 5.0


class _Ticket:
    """One who waits, and the loop it waits in."""

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.loop = asyncio.get_running_loop()
        self.called = asyncio.Event()
        self.due: float | None = None
        """Since when it could have gone."""

    def call(self) -> bool:
        """Wake it; false when its loop is closed."""
        try:
            self.loop.call_soon_threadsafe(self.called.set)
        except RuntimeError:
            return False
        return True


class Lane:
    """A window with its queue; safe to use from several threads and loops.

    Each admitted caller ends its place with exactly one of `end`, `give_back` or `refuse`. A waiter whose loop stopped
    without cancelling it loses its turn after `patience` seconds, so it holds nobody up.
    """

    def __init__(
        self, window: SlidingWindow, *, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE
    ) -> None:
        self._window = window
        self._patience = patience
        self._clock = clock
        self._turns: Turns[_Ticket] = Turns()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return len(self._turns)

    @property
    def under_way(self) -> int:
        """How many were admitted and have not ended."""
        with self._lock:
            return self._window.under_way

    async def enter(self, priority: int) -> None:
        """Wait for a place and take it. Cancelled, it leaves nothing behind."""
        ticket = _Ticket(priority)
        with self._lock:
            self._turns.add(ticket, priority)
        try:
            while (wait := self._try(ticket)) > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await ticket.called.wait()
                ticket.called.clear()
        except BaseException:
            with self._lock:
                self._turns.remove(ticket)
                self._call_first()
            raise

    def end(self) -> None:
        """The request was sent and is over."""
        with self._lock:
            self._window.end(self._clock())
            self._call_first()

    def give_back(self) -> None:
        """The request was never sent."""
        with self._lock:
            self._window.give_back()
            self._call_first()

    def refuse(self, *, started: float, pause: float) -> None:
        """The server refused the request, which started then by this lane's clock: nothing starts for `pause` seconds."""
        with self._lock:
            now = self._clock()
            self._window.end(now)
            self._window.refuse(now, started=started, pause=pause)

    def spacing(self) -> float:
        """Return the seconds between requests that use the window evenly."""
        with self._lock:
            return self._window.spacing(self._clock())

    def _try(self, ticket: _Ticket) -> float:
        """Take the place when it is this ticket's turn (0), or return the seconds after which to look again."""
        with self._lock:
            if ticket not in self._turns:  # it was taken for dead and is not
                self._turns.add(ticket, ticket.priority)
            now = self._clock()
            wait = self._window.wait(now)
            if wait == 0 and self._turns.first() is not ticket:
                self._drop_dead(now)
            if self._turns.first() is not ticket:
                return self._patience
            if wait != 0:  # `None`: the end of a request wakes it
                return min(self._patience, wait or self._patience)
            self._turns.admit()
            self._window.take()
            self._call_first()
            return 0.0

    def _drop_dead(self, now: float) -> None:
        first = self._turns.first()
        if first is None:
            return
        if first.due is None:
            first.due = now
            first.call()
        elif now - first.due > self._patience:
            first.due = None
            self._turns.remove(first)
            self._call_first()

    def _call_first(self) -> None:
        """Wake whose turn it is; who cannot be woken any more loses it."""
        while (first := self._turns.first()) is not None and not first.call():
            self._turns.remove(first)
