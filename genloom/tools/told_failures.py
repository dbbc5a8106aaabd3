"""Failures that tools told in their answers, for who serves the tools on and has to know an error from an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from genloom.errors import GenloomError, UsageError

__all__ = ["noting_failures", "tell_failure"]

_noted: ContextVar[list[GenloomError] | None] = ContextVar("genloom_told_failures", default=None)


@contextmanager
def noting_failures() -> Iterator[list[GenloomError]]:
    """Give a list of the failures that the tools called in this block tell, also those in threads that they wait for."""
    noted: list[GenloomError] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def tell_failure(error: BaseException | object) -> None:
    """Note why a tool's answer is an error; nothing happens where nobody listens."""
    noted = _noted.get()
    if noted is not None:
        noted.append(error if isinstance(error, GenloomError) else UsageError(f"{type(error).__name__}: {error}"))
