"""Leases: a run has one worker at a time, and one that died is found out by its silence.

A worker raises its lease's beat every second or so. Nobody compares clocks: whoever wants to take a lease over must have
seen the same beat for a while of its own monotonic time, and a worker that could not raise its beat for that while holds
its lease for lost. So neither a clock that is set nor one that differs between machines takes a run from its worker.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable

from genloom.errors import StorageError
from genloom.interfaces.server.runs.controls import RunControls
from genloom.interfaces.server.runs.work_time import WorkTime
from genloom.interfaces.server.storage.records import RunRecord
from genloom.interfaces.server.storage.runs import Runs

__all__ = ["Lease", "LeaseMark", "LeaseWatch"]

LeaseMark = tuple[int, int, int]
"""A run's number, and the epoch and the beat of its lease."""

LOST_SHARE = 0.6
"""Of the time after which others take a lease over, the share after which its holder gives it up: it must be first."""


class LeaseWatch:
    """Notes for how long leases have stood still, by a clock of its own that only goes forward."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._seen: dict[LeaseMark, float] = {}

    def stale(self, leases: Iterable[LeaseMark], own: Collection[int] = ()) -> set[LeaseMark]:
        """Return the leases that were seen unchanged for the whole time; `own` runs are never among them."""
        now = self._clock()
        self._seen = {mark: self._seen.get(mark, now) for mark in leases if mark[0] not in own}
        return {mark for mark, since in self._seen.items() if now - since >= self._seconds}


class Lease:
    """The lease of one run, kept up by `keep`."""

    def __init__(
        self,
        runs: Runs,
        run: RunRecord,
        time_worked: WorkTime,
        *,
        beat_seconds: float,
        lease_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run = run
        self._runs = runs
        self._time = time_worked
        self._beat_seconds = beat_seconds
        self._lost_after = lease_seconds * LOST_SHARE
        self._clock = clock

    async def keep(self, controls: RunControls) -> None:
        """Raise the beat until cancelled, and hand on what the run's owner wants; end when the lease is lost."""
        last = self._clock()
        while True:
            try:
                async with asyncio.timeout(self._lost_after):
                    run = await self._runs.beat(self.run.id, self.run.lease_epoch, worked=self._time.seconds)
                if run is None:
                    return controls.lose()
                last = self._clock()
                controls.want(run.wanted)
            except (StorageError, TimeoutError):
                if self._clock() - last >= self._lost_after:
                    return controls.lose()
            await asyncio.sleep(self._beat_seconds)
