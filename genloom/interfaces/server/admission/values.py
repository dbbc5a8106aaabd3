"""Numbers that Python's JSON reader takes and JSON does not have: no client could read them back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["not_finite"]

Place = tuple[str | int, ...]


def not_finite(value: object, place: Place = ()) -> Iterator[Place]:
    """Yield the way to each number in a JSON value that is infinite or not a number."""
    if isinstance(value, float):
        if not math.isfinite(value):
            yield place
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from not_finite(item, (*place, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from not_finite(item, (*place, index))
