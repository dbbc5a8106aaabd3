"""Equivalence: keys under which the values of two expressions count as the same, and bounds on values.

Two expressions of one kind are the same when they give equal values on every row. The kind keeps `True` and `1` apart;
within a kind Python's `==` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.kinds import SCALARS, parts

__all__ = ["FAILED", "Values", "bounded", "freezer", "frozen", "key_of"]

Values = tuple[Any, ...]


class _Failed:
    """The value of an expression on a row where it raised."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "FAILED"


FAILED = _Failed()

MAX_TEXT = 4_000
MAX_ITEMS = 600
MAX_BITS = 512


class TooLargeError(Exception):
    """A value outgrew its bounds."""


def bounded(value: Any) -> Any:
    """Return the value; raise `TooLargeError` when it is larger than any answer needs, `ValueError` for NaN and infinity."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise TooLargeError
    elif isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise TooLargeError
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError("not a finite number")
    elif isinstance(value, list | tuple | set | dict) and (len(value) > MAX_ITEMS or not _shallow(value)):
        raise TooLargeError
    return value


def _shallow(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return sum(len(item) for item in items if isinstance(item, str | list | tuple | dict | set)) <= MAX_TEXT


_PLAIN = frozenset({str, int, float, type(None)})


def frozen(value: Any) -> Hashable:
    """Return a hashable stand-in that is equal exactly when the values are (and tells `True` from `1` inside)."""
    if type(value) in _PLAIN:
        return value  # type: ignore[no-any-return]  # hashable, by its type
    if isinstance(value, list):
        return tuple(map(frozen, value))
    if isinstance(value, tuple):
        return ("tuple", *map(frozen, value))
    if isinstance(value, set | frozenset):
        return frozenset(map(frozen, value))
    if isinstance(value, dict):
        return ("dict", frozenset((frozen(key), frozen(item)) for key, item in value.items()))
    if isinstance(value, bool):
        return ("bool", value)
    return value if isinstance(value, Hashable) else repr(value)


@lru_cache(maxsize=1024)
def freezer(kind: str) -> Callable[[Any], Hashable] | None:
    """The function that freezes values of a kind; `None` where they are hashable as they stand.

    `bool` needs none: the kind tells it from `int` already.
    """
    if _hashable(kind):
        return None
    head, arguments = parts(kind)
    if head == "list" and _hashable(arguments[0]):
        return _flat(tuple, list)
    if head == "set" and _hashable(arguments[0]):
        return _flat(frozenset, set)
    if head == "list" and parts(arguments[0])[0] == "list" and _hashable(parts(arguments[0])[1][0]):
        return _rows
    return frozen


def _hashable(kind: str) -> bool:
    """Whether values of a kind are keys as they stand. The kind tells `True` from `1`."""
    head, arguments = parts(kind)
    return kind in SCALARS or (head == "tuple" and all(map(_hashable, arguments)))


def _flat(freeze: Callable[[Any], Hashable], plain: type) -> Callable[[Any], Hashable]:
    return lambda value: freeze(value) if type(value) is plain else frozen(value)


def _rows(value: Any) -> Hashable:
    return tuple(map(tuple, value)) if type(value) is list else frozen(value)


def key_of(kind: str, values: Values) -> tuple[Hashable, ...]:
    """The key of one expression's values over all rows."""
    freeze = freezer(kind)
    if freeze is None:
        return values
    try:
        return tuple([freeze(value) for value in values])
    except TypeError:
        return tuple([repr(value) for value in values])
