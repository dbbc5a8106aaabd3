"""Recording: every run is written down once for `genloom stats`, whoever started it and however it ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from genloom.config import Settings
from genloom.events import Event, EventEmitter, NodeStarted, RunFinished
from genloom.interfaces.result import GenerationResult
from genloom.tools.store.run_records import RunRecorder, RunRecords, open_run_records

__all__ = ["Recording", "recording"]


class Recording:
    """Takes in the events of one run and hands them on. `began` says that the graph started a node, so that its thread is
    saved and can be resumed."""

    def __init__(self, recorder: RunRecorder, on_event: EventEmitter) -> None:
        self._recorder = recorder
        self._on_event = on_event
        self.began = False

    def emit(self, event: Event) -> None:
        """Take in one event and hand it on."""
        self.began = self.began or isinstance(event, NodeStarted)
        self._recorder(event)
        self._on_event(event)

    async def finish(self, result: GenerationResult) -> None:
        """Write the run down with its result."""
        drafts = 0 if result.cached else result.attempts
        self._recorder(RunFinished(outcome=result.outcome, generator=result.generator, attempts=drafts))
        await asyncio.to_thread(self._recorder.close, cached=result.cached)


@contextmanager
def recording(settings: Settings, on_event: EventEmitter, *, thread_id: str | None = None) -> Iterator[Recording]:
    """Record what happens inside the block as one run: `cancelled` or `error` when it raises.

    `thread_id` is the thread that the run is saved under, if it is: all that is recorded of a thread is one run. It never
    fails the run: where the records cannot be written, `on_event` gets a `Note`.
    """
    records = open_run_records(settings)
    try:
        with RunRecorder(records, thread_id=thread_id, warn=on_event) as recorder:
            yield Recording(recorder, on_event)
    finally:
        _close_behind(records)


def _close_behind(records: RunRecords) -> None:
    """Close the file without waiting for it: the row is committed, and closing syncs the disk. The process outlives it."""
    try:
        threading.Thread(target=records.close, name="genloom-records").start()
    except RuntimeError:  # no thread can be started while Python shuts down
        records.close()
