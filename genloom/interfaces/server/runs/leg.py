"""One leg of a run under a lease: kept alive, carried out, and written down once, in the log and in the run's row."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver
from sqlalchemy import make_url

from genloom.config import load_settings
from genloom.errors import GenloomError, StorageError
from genloom.interfaces.server.runs.controls import RunControls
from genloom.interfaces.server.runs.ending import Ending
from genloom.interfaces.server.runs.execution import Execution, StorageFailedError
from genloom.interfaces.server.runs.lease import Lease
from genloom.interfaces.server.runs.log_entry import Entry, log_entry
from genloom.interfaces.server.runs.log_writer import LogWriter
from genloom.interfaces.server.runs.work_time import WorkTime
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import ENDED, RunRecord, Storage
from genloom.interfaces.server.webhooks.outbox import deliveries_for
from genloom.tools.backoff import backoff_seconds
from genloom.tools.security import Redactor

__all__ = ["Leg"]

ENTRIES_READ = 500
WAIT_SECONDS = 1.0

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Leg:
    """What a worker does with one run that it leased."""

    storage: Storage
    settings: ServerSettings
    saver: BaseCheckpointSaver[Any]  # Any: each saver's own version numbers
    run: RunRecord
    controls: RunControls

    async def work(self) -> None:
        """Carry the leg out and write its end down, unless the lease is lost on the way."""
        time = WorkTime(self.run.worked)
        lease = Lease(
            self.storage.runs,
            self.run,
            time,
            beat_seconds=self.settings.beat_seconds,
            lease_seconds=self.settings.lease_seconds,
        )
        keeping = asyncio.create_task(lease.keep(self.controls))
        keeping.add_done_callback(lambda _: self.controls.lose())  # whatever ended it, others may take the run now
        try:
            written = await self._under_lease(time)
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError, GenloomError):
                await keeping
        if not written:  # who stopped because no beat could be written is not dead, and must not be counted as such
            await _patiently(lambda: self.storage.runs.release(self.run.id, self.run.lease_epoch))

    async def _under_lease(self, time: WorkTime) -> bool:
        """Carry the leg out; false when the lease was lost before its end was written."""
        known = await _patiently(self._known_keys, self._is_ours)
        if known is None:
            return False
        log = LogWriter(
            self._append,
            Redactor(secrets=_secrets(self.settings)),
            leg=self.run.leg,
            known=known,
            read_keys=self._known_keys,
            on_lost=self.controls.lose,
        )
        writing = asyncio.create_task(log.run())
        execution = Execution(storage=self.storage, settings=self.settings, saver=self.saver, run=self.run, log=log)
        try:
            ending = await self._ending(execution, time)
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
        if ending.status == "lost":
            return False
        self._tell(log, ending)
        written = await self._written_down(log, ending)
        if written is None:
            return False
        with suppress(GenloomError):  # what is left behind is looked for by workers
            await execution.clean_up(forget=written.status in ENDED)
        return True

    async def _ending(self, execution: Execution, time: WorkTime) -> Ending:
        """Return how the leg ended: by itself, or stopped."""
        self.controls.want(self.run.wanted)
        if self.controls.stops:
            return execution.stopped(self.controls)
        if self.run.takeovers > self.settings.most_takeovers:
            return Ending(status="failed", summary=_poison(self.run.takeovers))
        work = asyncio.create_task(self._persistent(execution, time))
        self.controls.govern(work)
        try:
            return await work
        except asyncio.CancelledError:
            if not work.cancelled() or self.controls.reason is None:
                raise
            return execution.stopped(self.controls)

    async def _persistent(self, execution: Execution, time: WorkTime) -> Ending:
        """Carry out, and go on from what is saved for as long as the state can be neither read nor saved."""
        failures = 0
        while not self.controls.stops:
            try:
                with time.counted(self.settings.run_seconds, self.controls.time_out):
                    return await execution.carry_out(self.controls)
            except StorageFailedError as error:
                failures += 1
                if failures in (1, 10, 100):
                    print(f"genloom serve: run {self.run.id} waits: {error.message} {error.hint}", file=sys.stderr)
                await asyncio.sleep(WAIT_SECONDS + backoff_seconds(failures, base=WAIT_SECONDS, cap=30))
        return execution.stopped(self.controls)

    async def _written_down(self, log: LogWriter, ending: Ending) -> Ending | None:
        """Write the end down, as soon as the database can serve, and return what was written; `None` when the lease is
        lost."""

        async def write() -> Ending | None:
            await log.flush()
            return await self._close(ending)

        return await _patiently(write, self._is_ours)

    async def _close(self, ending: Ending) -> Ending | None:
        runs, run = self.storage.runs, self.run
        if ending.status == "released":
            written = await runs.release(run.id, run.lease_epoch)
        elif ending.status == "paused":
            told = await deliveries_for(self.storage, run, status="paused", result=None, summary=ending.summary)
            more: dict[str, Any] = {"outcome": ending.outcome, "question": ending.question}
            written = await runs.pause(run.id, run.lease_epoch, ending.summary, told, **more)
            if not written and self.controls.reason != "lost":
                return await self._close(Ending(status="cancelled", summary="Cancelled as asked."))
        elif ending.status == "lost":
            written = False
        else:
            told = await deliveries_for(
                self.storage, run, status=ending.status, result=ending.result, summary=ending.summary
            )
            written = await runs.finish(
                run.id,
                run.lease_epoch,
                status=ending.status,
                result=ending.result,
                summary=ending.summary,
                outcome=ending.outcome,
                fitted=ending.fitted,
                deliveries=told,
            )
        return ending if written else None

    def _tell(self, log: LogWriter, ending: Ending) -> None:
        """Write the end into the log: the answer, the error, or why the run rests."""
        place = f"{self.run.leg}:end:{ending.status}"
        match ending.status:
            case "completed":
                said = {"summary": ending.summary, "result": ending.result}
                log.put(log_entry(place, "FINAL_ANSWER", observation=said, thought=ending.summary))
            case "failed" | "timeout":
                log.put(log_entry(place, "ERROR", observation={"status": ending.status, "error": ending.summary}))
            case "paused" | "cancelled":
                log.put(log_entry(f"{place}:{self.run.lease_epoch}", "PLAN_EVALUATION", thought=ending.summary))

    async def _append(self, entries: Sequence[Entry]) -> bool:
        return await self.storage.logs.append(
            self.run.organization_id, self.run.id, self.run.lease_epoch, list(entries)
        )

    def _is_ours(self) -> bool:
        return self.controls.reason != "lost"

    async def _known_keys(self) -> frozenset[str]:
        newest, _ = await self.storage.logs.page(
            self.run.organization_id, self.run.id, skip=0, limit=ENTRIES_READ, reverse=True
        )
        return frozenset(str(log.entry.get("key")) for log in newest)


async def _patiently(work: Callable[[], Awaitable[T]], goes_on: Callable[[], bool] = lambda: True) -> T | None:
    """Do what needs the database, again and again while it cannot serve; `None` when that no longer goes on."""
    failures = 0
    while goes_on():
        try:
            return await work()
        except StorageError:
            failures += 1
            await asyncio.sleep(backoff_seconds(failures, base=WAIT_SECONDS, cap=10))
    return None


def _poison(takeovers: int) -> str:
    return (
        f"Failed: {takeovers} workers in a row died or fell silent over this run, so it is not tried again. "
        "Look at the server's own log for what ended them; ask for less, or give the server more memory."
    )


def _secrets(settings: ServerSettings) -> tuple[str, ...]:
    """The secrets of the environment, and the password of the database."""
    password = make_url(settings.database).password
    return (*load_settings().secrets, *([password] if password else []))
