"""A script: what a test's server or model answers, request by request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Script"]

Q = TypeVar("Q")
R = TypeVar("R")


class Script(Generic[Q, R]):
    """A list that is given out in order, or a rule that is asked each time. Safe to use from several threads."""

    def __init__(self, source: Sequence[R] | Callable[[Q], R | None]) -> None:
        self._rule = source if callable(source) else None
        self._waiting: list[R] = [] if callable(source) else list(source)
        self._lock = threading.Lock()

    def next(self, request: Q) -> R | None:
        """Return the answer to this request; `None` when the list is at its end or the rule says so."""
        if self._rule is not None:
            return self._rule(request)
        with self._lock:
            return self._waiting.pop(0) if self._waiting else None

    @property
    def left(self) -> int:
        """How many answers of the list were not given out."""
        with self._lock:
            return len(self._waiting)
