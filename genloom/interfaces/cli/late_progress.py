"""Progress of commands that are mostly quick: shown only once they take longer than a moment, and only to a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from genloom.interfaces.cli.terminal import is_terminal
from genloom.interfaces.visible import visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Tell", "showing_late_progress"]

AFTER_SECONDS = 1.0

Tell = Callable[[str], None]


@contextmanager
def showing_late_progress(text: str) -> Iterator[Tell]:
    """Show the text with the time that passes on standard error, from the second second on, if that is a terminal.

    Gives a function that replaces the text, for any thread. Nothing of it stays when the work is done.
    """
    if not is_terminal(sys.stderr):
        yield lambda _: None
        return
    shown = _LateProgress(text)
    shown.timer.start()
    try:
        yield shown.tell
    finally:
        shown.close()


class _LateProgress:
    """One line, started by a timer and ended by whoever works; the lock keeps them apart."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lock = threading.Lock()
        self._closed = False
        self._line: tuple[Progress, TaskID] | None = None
        self.timer = threading.Timer(AFTER_SECONDS, self._start)
        self.timer.daemon = True

    def tell(self, text: str) -> None:
        with self._lock:
            self._text = text
            if self._line is not None:
                progress, task = self._line
                progress.update(task, description=visible(text).replace("\n", " "))

    def close(self) -> None:
        self.timer.cancel()
        with self._lock:
            self._closed = True
            if self._line is not None:
                self._line[0].stop()

    def _start(self) -> None:
        from rich.console import Console  # imported here: most runs end before
        from rich.progress import Progress, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._closed:
                return
            columns = (TextColumn("{task.description}", markup=False), TimeElapsedColumn())
            progress = Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
            task = progress.add_task(visible(self._text), total=None)
            progress.start()
            self._line = (progress, task)
