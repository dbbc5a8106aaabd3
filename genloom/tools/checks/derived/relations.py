"""Relations between arguments that every example keeps: likely preconditions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from itertools import permutations
from types import MappingProxyType
from typing import Any

__all__ = ["relations_of"]

Relation = Callable[[tuple[Any, ...]], bool]


def relations_of(samples: Sequence[tuple[Any, ...]]) -> tuple[Relation, ...]:
    """Return the relations that hold between two arguments in all of the samples, such as `k <= len(values)`.

    They are what an index, a width or a pair of equally long lists demands and no type hint says. Of a few examples some
    hold by chance; then less is drawn, which costs discoveries and never raises a false alarm.
    """
    if not samples:
        return ()
    return tuple(
        _between(one, other, holds)
        for one, other in permutations(range(len(samples[0])), 2)
        for holds in _RELATIONS.values()
        if all(holds(sample[one], sample[other]) for sample in samples)
    )


def _between(one: int, other: int, holds: Callable[[Any, Any], bool]) -> Relation:
    return lambda arguments: holds(arguments[one], arguments[other])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_sized(value: Any) -> bool:
    return isinstance(value, Sized)


def _holds_member(one: Any, other: Any) -> bool:
    if isinstance(other, str):
        return isinstance(one, str) and one in other
    return isinstance(other, list | tuple | set | frozenset | dict) and one in list(other)


def _bounds_all(one: Any, other: Any) -> bool:
    if not (_is_number(one) and isinstance(other, list | tuple) and other and all(map(_is_number, other))):
        return False
    return all(value < one for value in other)


_RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "one < other": lambda one, other: _is_number(one) and _is_number(other) and one < other,
        "one <= other": lambda one, other: _is_number(one) and _is_number(other) and one <= other,
        "one < len(other)": lambda one, other: _is_number(one) and _is_sized(other) and one < len(other),
        "one <= len(other)": lambda one, other: _is_number(one) and _is_sized(other) and one <= len(other),
        "as long": lambda one, other: _is_sized(one) and _is_sized(other) and len(one) == len(other),
        "not longer": lambda one, other: _is_sized(one) and _is_sized(other) and len(one) <= len(other),
        "one in other": _holds_member,
        "above all of other": _bounds_all,
    }
)
