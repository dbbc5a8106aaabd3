"""Signals that ask the process to stop: SIGTERM stops a run as Ctrl-C does, with everything saved."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stops", "listening_for_stops"]


class Stops:
    """Which signal asked the process to stop."""

    def __init__(self) -> None:
        self.terminated = False

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells tell it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (signal.SIGTERM if self.terminated else signal.SIGINT)

    def take(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGTERM."""
        self.terminated = True
        raise KeyboardInterrupt


@contextmanager
def listening_for_stops() -> Iterator[Stops]:
    """Turn SIGTERM into what Ctrl-C is, for the length of the block."""
    stops = Stops()
    before = signal.signal(signal.SIGTERM, stops.take)
    try:
        yield stops
    finally:
        signal.signal(signal.SIGTERM, before)
