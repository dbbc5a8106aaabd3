"""The worker: it takes runs from the queue, a few at a time, and carries each to its end once."""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
import sys
import uuid
from collections.abc import Coroutine
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from genloom.interfaces.server.runs.checkpoints import open_saver
from genloom.interfaces.server.runs.controls import RunControls
from genloom.interfaces.server.runs.lease import LeaseWatch
from genloom.interfaces.server.runs.leg import Leg
from genloom.interfaces.server.runs.places import forget_old, sweep_worktrees, tidy_all
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import RunRecord, Storage
from genloom.interfaces.server.supervision import Supervision, told_error
from genloom.tools.backoff import backoff_seconds

__all__ = ["Worker"]

POLL_SECONDS = 0.25
ABANDON_SECONDS = 10.0
TIDY_SECONDS = 600.0


class Worker:
    """Works on runs of the storage's queue, `runs_per_worker` at once, in the loop that it is run in."""

    def __init__(self, storage: Storage, settings: ServerSettings) -> None:
        self._storage = storage
        self._settings = settings
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._watch = LeaseWatch(settings.lease_seconds)
        self._legs: dict[asyncio.Task[None], tuple[RunRecord, RunControls]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then let the nodes in flight finish, for `drain_seconds` at most, and give the runs
        back. A database that cannot serve meanwhile is waited for."""
        # the graph's imports take seconds: they would hold up the loop, and with it every lease
        await asyncio.to_thread(importlib.import_module, "genloom.interfaces.thread")
        async with open_saver(self._settings.database) as saver:
            tidying = asyncio.create_task(self._keep_tidy(saver))
            failures = 0
            try:
                while not stop.is_set():
                    try:
                        rest = 0.0 if await self._begin_next(saver) else POLL_SECONDS
                        failures = 0
                    except Exception as error:  # noqa: BLE001 - the edge of the worker: it must not end unseen
                        failures += 1
                        rest = POLL_SECONDS + backoff_seconds(failures, base=0.5, cap=10)
                        _complain(failures, error)
                    await _rest(stop, rest)
            finally:
                await self._drain()
                tidying.cancel()
                await asyncio.wait([tidying])

    async def _begin_next(self, saver: BaseCheckpointSaver[Any]) -> bool:
        """Begin with the run whose turn it is; false when there is none, or the hands are full."""
        if len(self._legs) >= self._settings.runs_per_worker:
            return False
        own = {run.id for run, _ in self._legs.values()}
        stale = self._watch.stale(await self._storage.runs.beats(), own)
        run = await self._storage.runs.lease(self._owner, stale=stale)
        if run is None:
            return False
        controls = RunControls()
        leg = Leg(storage=self._storage, settings=self._settings, saver=saver, run=run, controls=controls)
        task = asyncio.create_task(_safely(run, leg.work()))
        self._legs[task] = (run, controls)
        task.add_done_callback(lambda done: self._legs.pop(done, None))
        return True

    async def _drain(self) -> None:
        """Stop all runs between two nodes, at once those that take too long about it."""
        for _, controls in self._legs.values():
            controls.shut_down()
        if self._legs:
            await asyncio.wait(self._legs, timeout=self._settings.drain_seconds)
        for _, controls in self._legs.values():
            controls.abandon()
        if self._legs:
            await asyncio.wait(self._legs, timeout=ABANDON_SECONDS)

    async def _keep_tidy(self, saver: BaseCheckpointSaver[Any]) -> None:
        """Delete what runs left behind, now and then, until cancelled."""
        supervision = Supervision("what runs left behind cannot be deleted")
        while True:
            await supervision.turn(lambda: sweep_worktrees(self._storage, self._settings))
            await supervision.turn(lambda: tidy_all(self._storage, self._settings, saver))
            await supervision.turn(lambda: forget_old(self._storage, self._settings))
            await asyncio.sleep(TIDY_SECONDS)


async def _safely(run: RunRecord, work: Coroutine[Any, Any, None]) -> None:
    """A run's worker lives on, whatever becomes of one run: its lease falls silent, and it is taken over."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - the edge of the worker
        print(f"genloom serve: run {run.id}: {told_error(error)}", file=sys.stderr)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    if seconds:
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            return
    else:
        await asyncio.sleep(0)


def _complain(failures: int, error: Exception) -> None:
    if failures in (1, 10, 100):
        print(f"genloom serve: the queue cannot be read: {told_error(error)}", file=sys.stderr)
