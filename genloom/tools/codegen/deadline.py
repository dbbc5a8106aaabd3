"""A deadline: the seconds that several steps may take together."""

from __future__ import annotations

import time

__all__ = ["Deadline"]


class Deadline:
    """`seconds` from the moment it is made; `None` is none at all."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._began = time.monotonic()

    def __repr__(self) -> str:
        return f"Deadline({self.seconds})"

    @property
    def left(self) -> float | None:
        """How many seconds are left: 0 when it has passed, `None` when there is none."""
        return None if self.seconds is None else max(0.0, self.seconds - (time.monotonic() - self._began))
