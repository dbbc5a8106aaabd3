"""Live progress: a line for each node that ran or runs, on standard error, when that is a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genloom.events import (
    Event,
    EventEmitter,
    IndexProgress,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Note,
    ignore_events,
)
from genloom.interfaces.cli.event_text import event_text
from genloom.interfaces.cli.terminal import is_terminal, tell
from genloom.interfaces.visible import visible

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

__all__ = ["NoteTeller", "Progress", "showing_progress"]

MAX_LINES = 40


@contextmanager
def showing_progress(*, as_json: bool = False, quiet: bool = False) -> Iterator[EventEmitter]:
    """Give an emitter that shows a run's events as they come: live to a terminal, else the notes alone; quietly nothing."""
    if quiet:
        yield ignore_events
        return
    if as_json or not is_terminal(sys.stderr):
        yield NoteTeller()
        return
    progress = Progress()
    try:
        yield progress
    finally:
        progress.close()


class NoteTeller:
    """An emitter that tells each note once and drops all other events."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Tell the event, if it is a note."""
        if isinstance(event, Note) and event.message not in self._told:
            self._told.add(event.message)
            tell(f"{event.level}: {event.message}")


@dataclass(kw_only=True)
class _Line:
    name: str
    text: str = ""
    mark: str = "…"
    began: float = field(default_factory=time.monotonic)
    seconds: float | None = None


class Progress:
    """An emitter that keeps the lines up to date; safe from any thread. Nothing is imported or shown before the first
    event that has something to show."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._lock = threading.Lock()
        self._live: Live | None = None

    def __call__(self, event: Event) -> None:
        """Show one event."""
        with self._lock:
            if isinstance(event, Note):
                self._print(f"{event.level}: {event.message}")
            else:
                self._take(event)

    def close(self) -> None:
        """Leave the lines as they are and give the terminal back."""
        with self._lock:
            live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _take(self, event: Event) -> None:
        if isinstance(event, NodeStarted):
            again = f"try {event.attempt}" if event.attempt > 1 else ""
            self._lines = [*self._lines[1 - MAX_LINES :], _Line(name=event.node, text=again)]
        elif isinstance(event, IndexProgress) and not self._lines:
            self._lines = [_Line(name="index")]
        if not self._lines:
            return
        line = self._lines[-1]
        line.text = event_text(event) or line.text
        if isinstance(event, NodeFinished | NodeFailed):
            line.seconds = event.seconds
            line.mark = "ok" if isinstance(event, NodeFinished) else "failed"
        self._started().refresh()

    def _started(self) -> Live:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, highlight=False)
            self._live = Live(console=console, get_renderable=self._table, refresh_per_second=8, redirect_stdout=False)
            self._live.start()
        return self._live

    def _print(self, text: str) -> None:
        self._started().console.print(visible(text), markup=False)

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_column("mark", no_wrap=True)
        table.add_column("node", no_wrap=True, min_width=max((len(line.name) for line in self._lines), default=0))
        table.add_column("what", ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column("seconds", justify="right", no_wrap=True)
        styles = {"ok": "green", "failed": "red"}
        for line in self._lines:
            seconds = line.seconds if line.seconds is not None else time.monotonic() - line.began
            mark = Text(line.mark, style=styles.get(line.mark, "cyan"))
            table.add_row(mark, line.name, Text(visible(line.text).replace("\n", " ")), f"{seconds:.1f} s")
        return table
