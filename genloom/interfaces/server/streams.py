"""Runs as they happen, for many listeners: one task asks the database for all of them.

A listener first catches up from the database by itself, up to where the shared reading stands, and then takes what the
shared reading brings. So no entry is lost or repeated, however late a listener joins or resumes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from genloom.interfaces.server.storage import LogRecord, RunOverview, Storage
from genloom.interfaces.server.supervision import Supervision

__all__ = ["RunStreams", "StreamsFullError", "Update"]

MOST_BEHIND = 1000
PAGE = 100

Update = RunOverview | LogRecord
"""A run whose status changed, or a new entry of its log."""


class StreamsFullError(Exception):
    """There are as many listeners as there may be."""


@dataclass(eq=False)
class _Watched:
    """A run that somebody listens to: what the shared reading has seen of it."""

    run: RunOverview
    number: int
    listeners: set[asyncio.Queue[Update | None]] = field(default_factory=set)


class RunStreams:
    """The listeners of one server. An async context manager: within it the database is read for them.

    `most` listeners at a time; each may be 1,000 updates behind before its stream is ended.
    """

    def __init__(self, storage: Storage, *, most: int, poll_seconds: float) -> None:
        self._storage = storage
        self._most = most
        self._poll_seconds = poll_seconds
        self._watched: dict[tuple[int, int], _Watched] = {}
        self._wake = asyncio.Event()
        self._supervision = Supervision("event streams")
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.listening = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read_for_ever(), name="run-streams")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def well(self) -> bool:
        """Whether the database is being read for listeners."""
        return self._task is not None and not self._task.done() and self._supervision.well

    def close(self) -> None:
        """End all streams; those that are asked for later end at once."""
        self._closed = True
        for watched in self._watched.values():
            for listener in watched.listeners:
                _end(listener)

    def reserve(self) -> None:
        """Take a listener's place. Raises `StreamsFullError` when there is none."""
        if self.listening >= self._most:
            raise StreamsFullError
        self.listening += 1

    def release(self) -> None:
        """Give a listener's place back."""
        self.listening -= 1

    async def updates(self, run: RunOverview, *, after: int, heartbeat: float) -> AsyncGenerator[Update | None]:
        """Yield the run, its entries after that number, then whatever changes; of a run that has ended the run comes last.

        `None` comes after `heartbeat` seconds in which nothing did. Ends early when the listener is too slow or the server
        drains.
        """
        queue: asyncio.Queue[Update | None] = asyncio.Queue()
        key = (run.organization_id, run.id)
        watched = await self._watch(run)
        watched.listeners.add(queue)
        told = watched.run
        try:
            if not told.ended:
                yield told
            async for entry in self._stored(run, after, watched.number):
                yield entry
                after = entry.number
            if told.ended:
                yield told
                return
            async for update in _queued(queue, heartbeat):
                if self._closed:
                    return
                if update is None or isinstance(update, RunOverview) or update.number > after:
                    yield update
        finally:
            watched.listeners.discard(queue)
            if not watched.listeners and self._watched.get(key) is watched:
                del self._watched[key]

    async def _watch(self, run: RunOverview) -> _Watched:
        key = (run.organization_id, run.id)
        if not self._is_current(key):
            found = await self._storage.runs.progress({key})
            if not self._is_current(key):  # nobody else was quicker
                self._watched[key] = _Watched(*found.get(key, (run, 0)))
            self._wake.set()
        return self._watched[key]

    def _is_current(self, key: tuple[int, int]) -> bool:
        return key in self._watched and not self._watched[key].run.ended  # an ended run may have been resumed since

    async def _stored(self, run: RunOverview, after: int, last: int) -> AsyncIterator[LogRecord]:
        while after < last:
            limit = min(PAGE, last - after)
            entries, _ = await self._storage.logs.page(run.organization_id, run.id, skip=after, limit=limit)
            for entry in entries:
                yield entry
                after = entry.number
            if not entries:
                return

    async def _read_for_ever(self) -> None:
        while True:
            if not self._watched:
                self._wake.clear()
                await self._wake.wait()
            wait = await self._supervision.turn(self._read)  # the next reading brings what was missed
            await asyncio.sleep(self._poll_seconds + wait)

    async def _read(self) -> None:
        watched = {key: one for key, one in self._watched.items() if not one.run.ended}
        progress = await self._storage.runs.progress(watched.keys())
        for key, (run, last) in progress.items():
            one = watched[key]
            # status and last number are of one moment: when the end is told, all entries were
            async for entry in self._stored(run, one.number, last):
                one.number = entry.number
                self._tell(one, entry)
            if (run.status, run.leg) != (one.run.status, one.run.leg):
                one.run = run
                self._tell(one, run)
            if run.ended:
                for listener in one.listeners:
                    _end(listener)

    def _tell(self, watched: _Watched, update: Update) -> None:
        for listener in list(watched.listeners):
            if listener.qsize() < MOST_BEHIND:
                listener.put_nowait(update)
            else:
                watched.listeners.discard(listener)
                _forget(listener)
                _end(listener)


async def _queued(queue: asyncio.Queue[Update | None], heartbeat: float) -> AsyncIterator[Update | None]:
    while True:
        try:
            async with asyncio.timeout(heartbeat):
                update = await queue.get()
        except TimeoutError:
            yield None
            continue
        if update is None:
            return
        yield update


def _forget(listener: asyncio.Queue[Update | None]) -> None:
    """Drop all that waits: a stream ends before a hole, and its client comes back for the rest."""
    while not listener.empty():
        listener.get_nowait()


def _end(listener: asyncio.Queue[Update | None]) -> None:
    listener.put_nowait(None)
