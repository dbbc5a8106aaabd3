"""One error for several callers: each raises a copy, or they would all write their tracebacks into one object."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["own_copy"]

E = TypeVar("E", bound=BaseException)


def own_copy(error: E) -> E:
    """Return an error that is the same but for its traceback."""
    copied = type(error).__new__(type(error), *error.args)
    copied.__dict__.update(error.__dict__)
    copied.__cause__, copied.__suppress_context__ = error.__cause__, error.__suppress_context__
    return copied
