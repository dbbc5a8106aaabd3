"""Signals that ask the process to stop: SIGTERM stops a run as Ctrl-C does, and neither ever cuts an import in two."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stops", "listening_for_stops"]

_RETRY_SECONDS = 0.02
_IMPORTING = "<frozen importlib._bootstrap>"


class Stops:
    """Handles the signals that ask the process to stop, by raising `KeyboardInterrupt` in the main thread.

    A module whose import is cut stays half made and fails whoever imports it next, also the code that tells the end. So
    a signal that comes during an import is raised after it.
    """

    def __init__(self) -> None:
        self._waiting = 0
        self.terminated = False

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells tell it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (signal.SIGTERM if self.terminated else signal.SIGINT)

    def take(self, number: int, frame: FrameType | None) -> None:
        """Handle one signal, or the alarm that brings back one that had to wait."""
        self._waiting = number if number != signal.SIGALRM else self._waiting
        if _is_importing(frame):
            signal.setitimer(signal.ITIMER_REAL, _RETRY_SECONDS)
            return
        if self._waiting:
            self.terminated = self._waiting == signal.SIGTERM
            self._waiting = 0
            raise KeyboardInterrupt


@contextmanager
def listening_for_stops() -> Iterator[Stops]:
    """Handle SIGINT and SIGTERM for the length of the block. A SIGINT that the process was started to ignore stays so."""
    stops = Stops()
    numbers = [signal.SIGTERM, signal.SIGALRM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    before = {number: signal.signal(number, stops.take) for number in numbers}
    try:
        yield stops
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False
