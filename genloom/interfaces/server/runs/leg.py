"""One leg of a run under a lease: kept alive, carried out, and written down once, in the log and in the run's row."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from sqlalchemy import make_url

from genloom.config import load_settings
from genloom.errors import GenloomError, StorageError
from genloom.interfaces.server.runs.checkpoints import saved_thread
from genloom.interfaces.server.runs.controls import RunControls
from genloom.interfaces.server.runs.ending import Ending, failed_by
from genloom.interfaces.server.runs.execution import Execution, StorageFailedError, run_name
from genloom.interfaces.server.runs.lease import Lease
from genloom.interfaces.server.runs.log_entry import Entry, log_entry
from genloom.interfaces.server.runs.log_writer import LogWriter
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import ENDED, RunRecord, Storage
from genloom.interfaces.server.webhooks.outbox import deliveries_for
from genloom.tools.backoff import backoff_seconds
from genloom.tools.security import Redactor

__all__ = ["Leg"]

MOST_TRIES = 6
ENTRIES_READ = 500


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
        lease = Lease(
            self.storage.runs,
            self.run,
            beat_seconds=self.settings.beat_seconds,
            lease_seconds=self.settings.lease_seconds,
        )
        keeping = asyncio.create_task(lease.keep(self.controls))
        keeping.add_done_callback(lambda _: self.controls.lose())  # whatever ended it, others may take the run now
        try:
            await self._under_lease()
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError, GenloomError):
                await keeping

    async def _under_lease(self) -> None:
        log = LogWriter(
            self._append,
            Redactor(secrets=_secrets(self.settings)),
            leg=self.run.leg,
            known=await self._known_keys(),
            read_keys=self._known_keys,
            on_lost=self.controls.lose,
        )
        writing = asyncio.create_task(log.run())
        execution = await self._execution(log)
        try:
            ending = await self._ending(execution)
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
        if ending.status != "lost":
            self._tell(log, ending)
            await self._written_down(log, ending)
            with suppress(GenloomError):  # what is left behind is swept when a worker starts
                await execution.clean_up(forget=ending.status in ENDED)

    async def _ending(self, execution: Execution) -> Ending:
        """Return how the leg ended: by itself, or stopped."""
        self.controls.want(self.run.wanted)
        if self.controls.stops:
            return execution.stopped(self.controls)
        if self.run.takeovers > self.settings.most_takeovers:
            return Ending(status="failed", summary=_poison(self.run.takeovers))
        work = asyncio.create_task(self._persistent(execution))
        self.controls.govern(work)
        timer = asyncio.get_running_loop().call_later(self.settings.run_seconds, self.controls.time_out)
        try:
            return await work
        except asyncio.CancelledError:
            if not work.cancelled() or self.controls.reason is None:
                raise
            return execution.stopped(self.controls)
        finally:
            timer.cancel()

    async def _persistent(self, execution: Execution) -> Ending:
        """Carry out, and go on from what is saved when the state could not be saved for a while."""
        for failures in range(1, MOST_TRIES):
            try:
                return await execution.carry_out(self.controls)
            except StorageFailedError:
                await asyncio.sleep(1 + backoff_seconds(failures, base=1, cap=30))
            with suppress(StorageError):
                execution = await self._execution(execution.log)
        try:
            return await execution.carry_out(self.controls)
        except StorageFailedError as error:
            return failed_by(error)

    async def _written_down(self, log: LogWriter, ending: Ending) -> None:
        """Write the end down, again and again while the database cannot serve and the lease may still be ours."""
        written, failures = False, 0
        while not written and self.controls.reason != "lost":
            try:
                await log.flush()
                await self._close(ending)
                written = True
            except StorageError:
                failures += 1
                await asyncio.sleep(backoff_seconds(failures, base=1, cap=10))

    async def _close(self, ending: Ending) -> None:
        runs, run = self.storage.runs, self.run
        if ending.status == "released":
            await runs.release(run.id, run.lease_epoch)
        elif ending.status == "paused":
            told = await deliveries_for(self.storage, run, status="paused", result=None, summary=ending.summary)
            rests = await runs.pause(run.id, run.lease_epoch, ending.summary, told, outcome=ending.outcome)
            if not rests and self.controls.reason != "lost":
                await self._close(Ending(status="cancelled", summary="Cancelled as asked."))
        elif ending.status != "lost":
            told = await deliveries_for(
                self.storage, run, status=ending.status, result=ending.result, summary=ending.summary
            )
            await runs.finish(
                run.id,
                run.lease_epoch,
                status=ending.status,
                result=ending.result,
                summary=ending.summary,
                outcome=ending.outcome,
                deliveries=told,
            )

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

    async def _execution(self, log: LogWriter) -> Execution:
        saved = await saved_thread(self.saver, self.run.organization_id, run_name(self.run))
        return Execution(
            storage=self.storage, settings=self.settings, saver=self.saver, run=self.run, saved=saved, log=log
        )

    async def _append(self, entries: Sequence[Entry]) -> bool:
        return await self.storage.logs.append(
            self.run.organization_id, self.run.id, self.run.lease_epoch, list(entries)
        )

    async def _known_keys(self) -> frozenset[str]:
        newest, _ = await self.storage.logs.page(
            self.run.organization_id, self.run.id, skip=0, limit=ENTRIES_READ, reverse=True
        )
        return frozenset(str(log.entry.get("key")) for log in newest)


def _poison(takeovers: int) -> str:
    return (
        f"Failed: {takeovers} workers in a row died or fell silent over this run, so it is not tried again. "
        "Look at the server's own log for what ended them; ask for less, or give the server more memory."
    )


def _secrets(settings: ServerSettings) -> tuple[str, ...]:
    """The secrets of the environment, and the password of the database."""
    password = make_url(settings.database).password
    return (*load_settings().secrets, *([password] if password else []))
