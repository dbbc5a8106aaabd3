"""The record of runs: one row for each run, made of its events, for `genloom stats`."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from genloom.config import Settings
from genloom.errors import RunCancelledError, StorageError
from genloom.events import (
    DraftMade,
    Event,
    EventEmitter,
    ModelUsage,
    NodeFailed,
    NodeFinished,
    Note,
    RunFinished,
    ignore_events,
)
from genloom.tools.store.journal_file import journal_path, open_journal

__all__ = ["RunRecorder", "RunRecords", "RunSummary", "open_run_records"]

MAX_RUNS = 20_000
KEPT_DAYS = 365.0
MAX_NODE_RUNS = 500
"""Visits to nodes kept of one run; a run with more of them counts its first."""


@dataclass(kw_only=True)
class RunSummary:
    """What is kept of one run. Times are Unix seconds; `input_tokens`, `output_tokens` and `cost_usd` are `None` where
    nobody told them. `nodes` are (node, seconds, failed) in the order in which they ended."""

    started: float
    seconds: float = 0.0
    outcome: str = "error"
    generator: str | None = None
    model: str | None = None
    attempts: int = 0
    cached: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    nodes: list[tuple[str, float, bool]] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Take in what one event tells."""
        match event:
            case NodeFinished():
                self._add_node(event.node, event.seconds, failed=False)
            case NodeFailed():
                self._add_node(event.node, event.seconds, failed=True)
            case DraftMade(made=True):
                self.attempts += 1
            case ModelUsage():
                self._add_usage(event)
            case RunFinished():
                self.outcome = event.outcome
                self.generator = event.generator
                self.attempts = event.attempts or self.attempts
            case _:
                pass

    def _add_node(self, node: str, seconds: float, *, failed: bool) -> None:
        if len(self.nodes) < MAX_NODE_RUNS:
            self.nodes.append((node, seconds, failed))

    def _add_usage(self, event: ModelUsage) -> None:
        self.model = event.model
        self.input_tokens = (self.input_tokens or 0) + event.input_tokens
        self.output_tokens = (self.output_tokens or 0) + event.output_tokens
        if event.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + event.cost_usd


class RunRecords:
    """The durable record of an organisation's runs. The newest 20,000 stay, for a year at most. Raises `StorageError`."""

    def __init__(self, path: Path, *, organisation: int = 1, max_runs: int = MAX_RUNS) -> None:
        self._database = open_journal(path)
        self._organisation = organisation
        self._max_runs = max_runs

    def add(self, run: RunSummary) -> None:
        """Write one run down."""
        with self._database.write() as db:
            number = db.execute(
                "INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(
                        self._organisation,
                        run.started,
                        run.seconds,
                        run.outcome,
                        run.generator,
                        run.model,
                        run.attempts,
                    ),
                    *(run.cached, run.input_tokens, run.output_tokens, run.cost_usd),
                ),
            ).lastrowid
            db.executemany("INSERT INTO node_runs VALUES (?, ?, ?, ?)", [(number, *node) for node in run.nodes])
            db.execute(
                """DELETE FROM runs WHERE organisation = ? AND (started < ? OR id IN (
                    SELECT id FROM runs WHERE organisation = ? ORDER BY started DESC, id DESC LIMIT -1 OFFSET ?))""",
                (self._organisation, time.time() - KEPT_DAYS * 86_400, self._organisation, self._max_runs),
            )

    def runs(self, since: float = 0.0) -> tuple[RunSummary, ...]:
        """Return the runs that began at or after a Unix time, oldest first."""
        with self._database.read() as db:
            rows = db.execute(
                """SELECT id, started, seconds, outcome, generator, model, attempts, cached, input_tokens, output_tokens,
                cost_usd FROM runs WHERE organisation = ? AND started >= ? ORDER BY started, id""",
                (self._organisation, since),
            ).fetchall()
            nodes = db.execute(
                """SELECT run, node, node_runs.seconds, failed FROM node_runs JOIN runs ON runs.id = run
                WHERE organisation = ? AND started >= ? ORDER BY node_runs.rowid""",
                (self._organisation, since),
            ).fetchall()
        found = {row[0]: _summary(*row[1:]) for row in rows}
        for run, node, seconds, failed in nodes:
            found[run].nodes.append((node, seconds, bool(failed)))
        return tuple(found.values())

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()


class RunRecorder:
    """An event emitter that takes in the events of one run, from any thread, and writes the run down when it is closed.

    It never raises into the run: when the journal cannot be written, `warn` gets one `Note`. Use it as a context manager
    or call `close`; a run that told no `RunFinished` counts as `error`, or as `cancelled` after Ctrl-C.
    """

    def __init__(self, journal: RunRecords, *, cached: bool = False, warn: EventEmitter = ignore_events) -> None:
        self._journal = journal
        self._warn = warn
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._closed = False
        self._run = RunSummary(started=time.time(), cached=cached)

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
        try:
            self._journal.add(self._run)
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


def _summary(
    started: float,
    seconds: float,
    outcome: str,
    generator: str | None,
    model: str | None,
    attempts: int,
    cached: int,
    input_tokens: int | None,
    output_tokens: int | None,
    cost_usd: float | None,
) -> RunSummary:
    return RunSummary(
        started=started,
        seconds=seconds,
        outcome=outcome,
        generator=generator,
        model=model,
        attempts=attempts,
        cached=bool(cached),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=cost_usd,
    )
