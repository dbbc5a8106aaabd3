"""Single flight: of all who want one thing made, one makes it and the others take what it made.

Inside a process the followers wait on a future, which costs no thread under asyncio. Between processes they wait on a
lock that the kernel drops when its holder dies. The steps are written once, as a generator of things to wait for; a
synchronous and an asynchronous driver do the waiting.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genloom.tools.store.database import private_folder, storage_errors

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["Lead", "SingleFlight"]

FIRST_POLL_SECONDS = 0.01
LAST_POLL_SECONDS = 0.25

_FlightKey = tuple[int, str, str, str]
"""The process (a fork's child is not in its parent's flights), folder, scope and key."""

_UNDER_WAY: dict[_FlightKey, concurrent.futures.Future[None]] = {}
"""The flights of this process, whichever object leads them: one entry for each lead that is held right now. `setdefault`
and `pop` are atomic, so that no lock can be left held in a fork's child."""


@dataclass(kw_only=True)
class Lead:
    """What became of asking for the lead: `value` is what another made meanwhile; `exclusive` says that nobody else
    makes it as long as the block lasts; `waited` that another was before."""

    value: dict[str, Any] | None = None  # Any: whatever JSON was made
    exclusive: bool = False
    waited: bool = False
    _flight: concurrent.futures.Future[None] | None = field(default=None, repr=False)
    _lock: BaseFileLock | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Wait:
    """Wait until the future is done, at most for `seconds`; without a future for the whole time."""

    seconds: float
    future: concurrent.futures.Future[None] | None = None


class SingleFlight:
    """Leads by key, shared by all objects of one process that have the same folder and scope.

    `folder` holds the lock files (4,096 at most); `reread` looks for what another made.
    """

    def __init__(self, folder: Path, *, scope: str, reread: Callable[[str], dict[str, Any] | None]) -> None:
        self._folder = folder
        self._scope = scope
        self._reread = reread

    @contextmanager
    def lead(self, key: str, wait_seconds: float) -> Iterator[Lead]:
        """Take the lead of a key, or what another made of it. Raises `StorageError`."""
        lead = Lead()
        try:
            for wait in self._steps(key, lead, time.monotonic() + wait_seconds):
                if wait.future is None:
                    time.sleep(wait.seconds)
                else:
                    concurrent.futures.wait([wait.future], wait.seconds)
            yield lead
        finally:
            self._release(key, lead)

    @asynccontextmanager
    async def alead(self, key: str, wait_seconds: float) -> AsyncIterator[Lead]:
        """As `lead`, for a task."""
        lead = Lead()
        steps = self._steps(key, lead, time.monotonic() + wait_seconds)
        try:
            while (wait := await _to_the_end(lambda: next(steps, None))) is not None:
                if wait.future is None:
                    await asyncio.sleep(wait.seconds)
                else:
                    await asyncio.wait([asyncio.wrap_future(wait.future)], timeout=wait.seconds)
            yield lead
        finally:
            self._release(key, lead)

    def _steps(self, key: str, lead: Lead, deadline: float) -> Iterator[_Wait]:
        """Yield what to wait for until `lead` is decided."""
        while (leader := self._enter(key, lead)) is not None:
            lead.waited = True
            if (left := deadline - time.monotonic()) <= 0:
                return
            yield _Wait(left, leader)
            lead.value = self._reread(key)
            if lead.value is not None:
                return
        pause = FIRST_POLL_SECONDS
        while not self._lock(key, lead):
            lead.waited = True
            if (left := deadline - time.monotonic()) <= 0:
                return
            yield _Wait(min(pause, left))
            pause = min(pause * 1.5, LAST_POLL_SECONDS)
        lead.exclusive = True
        lead.value = self._reread(key)

    def _enter(self, key: str, lead: Lead) -> concurrent.futures.Future[None] | None:
        """Return the flight that is under way in this process, or begin one and return `None`."""
        flight: concurrent.futures.Future[None] = concurrent.futures.Future()
        flight.set_running_or_notify_cancel()  # so that no follower's cancellation can cancel it
        under_way = _UNDER_WAY.setdefault(self._flight_key(key), flight)
        if under_way is not flight:
            return under_way
        lead._flight = flight
        return None

    def _flight_key(self, key: str) -> _FlightKey:
        return os.getpid(), str(self._folder.absolute()), self._scope, key

    def _lock(self, key: str, lead: Lead) -> bool:
        from filelock import FileLock, Timeout  # imported here: it costs 50 ms, and a cache hit never comes here

        private_folder(self._folder)
        name = hashlib.sha256(f"{self._scope}\0{key}".encode()).hexdigest()[:3]
        path = self._folder / f"{name}.lock"
        lock = FileLock(path, mode=0o600, thread_local=False)
        with storage_errors(path):
            try:
                lock.acquire(blocking=False)
            except Timeout:
                return False
        lead._lock = lock
        return True

    def _release(self, key: str, lead: Lead) -> None:
        try:
            if lead._lock is not None:
                lead._lock.release()
        finally:
            if lead._flight is not None:
                _UNDER_WAY.pop(self._flight_key(key), None)
                lead._flight.set_result(None)


async def _to_the_end(step: Callable[[], _Wait | None]) -> _Wait | None:
    """Run one brief step in a thread. A cancelled task waits for it first: otherwise it could take a lock afterwards
    that nobody gives back."""
    running = asyncio.ensure_future(asyncio.to_thread(step))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
