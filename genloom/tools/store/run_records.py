"""The record of runs: one row for each request, made of its events, for `genloom stats`."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from genloom.config import Settings
from genloom.errors import RunCancelledError, StorageError
from genloom.events import Event, EventEmitter, Note, ignore_events
from genloom.tools.store.journal_file import journal_path, open_journal
from genloom.tools.store.run_summary import RunSummary

__all__ = ["RunRecorder", "RunRecords", "open_run_records"]

MAX_RUNS = 20_000
KEPT_DAYS = 365.0

_COLUMNS = tuple(
    "started seconds outcome generator model attempts cached input_tokens output_tokens cost_usd thread_id".split()
)


class _Which(NamedTuple):
    """The statements that read some of an organisation's runs, and their visits to nodes."""

    runs: str
    nodes: str


_BY_START = _Which(
    "SELECT * FROM runs WHERE organisation = ? AND started >= ? ORDER BY started, id",
    """SELECT run, node, node_runs.seconds, failed FROM node_runs JOIN runs ON runs.id = run
    WHERE organisation = ? AND started >= ? ORDER BY node_runs.rowid""",
)
_BY_THREAD = _Which(
    "SELECT * FROM runs WHERE organisation = ? AND thread_id = ?",
    """SELECT run, node, node_runs.seconds, failed FROM node_runs JOIN runs ON runs.id = run
    WHERE organisation = ? AND thread_id = ? ORDER BY node_runs.rowid""",
)


class RunRecords:
    """The durable record of an organisation's runs. The newest 20,000 stay, for a year at most. Raises `StorageError`."""

    def __init__(self, path: Path, *, organisation: int = 1, max_runs: int = MAX_RUNS) -> None:
        self._database = open_journal(path)
        self._organisation = organisation
        self._max_runs = max_runs

    def add(self, run: RunSummary) -> None:
        """Write one run down. A run that went on with a thread on record is one request with it: see `continued_by`."""
        with self._database.write() as db:
            for number, earlier in self._read(db, _BY_THREAD, run.thread_id):
                run = earlier.continued_by(run)
                db.execute("DELETE FROM runs WHERE id = ?", (number,))
            row = (self._organisation, *(getattr(run, column) for column in _COLUMNS))
            number = (
                db.execute("INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row).lastrowid or 0
            )
            db.executemany("INSERT INTO node_runs VALUES (?, ?, ?, ?)", [(number, *node) for node in run.nodes])
            db.execute(
                """DELETE FROM runs WHERE organisation = ? AND (started < ? OR id IN (
                    SELECT id FROM runs WHERE organisation = ? ORDER BY started DESC, id DESC LIMIT -1 OFFSET ?))""",
                (self._organisation, time.time() - KEPT_DAYS * 86_400, self._organisation, self._max_runs),
            )

    def runs(self, since: float = 0.0) -> tuple[RunSummary, ...]:
        """Return the runs that began at or after a Unix time, oldest first."""
        with self._database.read() as db:
            return tuple(run for _, run in self._read(db, _BY_START, since))

    def _read(self, db: sqlite3.Connection, which: _Which, value: object) -> list[tuple[int, RunSummary]]:
        """Return runs with their numbers."""
        rows = db.execute(which.runs, (self._organisation, value)).fetchall()
        found = {number: _summary(rest) for number, _, *rest in rows}
        for number, node, seconds, failed in db.execute(which.nodes, (self._organisation, value)):
            found[number].nodes.append((node, seconds, bool(failed)))
        return list(found.items())

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()


class RunRecorder:
    """An event emitter that takes in the events of one run, from any thread, and writes the run down when it is closed.

    `thread_id` is the thread that the run is saved under: what is recorded of one thread, however often it was resumed or
    asked for again, is one run. It never raises into the run: when the records cannot be written, `warn` gets one `Note`.
    Use it as a context manager or call `close`; a run that told no `RunFinished` counts as `error`, or as `cancelled`
    after Ctrl-C.
    """

    def __init__(
        self,
        records: RunRecords,
        *,
        thread_id: str | None = None,
        cached: bool = False,
        warn: EventEmitter = ignore_events,
    ) -> None:
        self._records = records
        self._warn = warn
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._closed = False
        self._run = RunSummary(started=time.time(), thread_id=thread_id, cached=cached)

    def __call__(self, event: Event) -> None:
        """Take in one event. Those that come after the end are dropped."""
        with self._lock:
            if not self._closed:
                self._run.add(event)

    def close(self, outcome: str | None = None, *, cached: bool | None = None) -> None:
        """Write the run down, once. `outcome` and `cached` say what no event told."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._run.seconds = time.monotonic() - self._began
            self._run.outcome = outcome or self._run.outcome
            self._run.cached = self._run.cached if cached is None else cached
            self._run.thread_id = self._run.thread_id if self._run.of_thread else None
        try:
            self._records.add(self._run)
        except StorageError as error:
            self._warn(Note(message=f"This run is missing from the statistics: {error.message}", level="warning"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stopped = isinstance(error, KeyboardInterrupt | asyncio.CancelledError | RunCancelledError)
        self.close("cancelled" if stopped else None)


def open_run_records(settings: Settings) -> RunRecords:
    """Return the record of the settings' home and organisation; nothing is opened before its first use."""
    return RunRecords(journal_path(settings), organisation=settings.organisation)


def _summary(values: Sequence[Any]) -> RunSummary:  # Any: what SQLite gives
    columns = dict(zip(_COLUMNS, values, strict=True))
    return RunSummary(**{**columns, "cached": bool(columns["cached"])})
