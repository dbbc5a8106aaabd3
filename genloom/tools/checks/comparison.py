"""Whether a value that came out of the sandbox is the one that was expected.

Both sides are plain decoded data. No method of a foreign object is ever called: what is not of a plain type, `Opaque`
included, agrees with nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import repeat
from typing import Any

from genloom.state.comparison import Comparison

__all__ = ["Comparison", "values_agree"]

MAX_DEPTH = 200
"""Values nested deeper than this agree with nothing. Python's parser allows a literal about 200 brackets."""

MAX_TOLERANT_ELEMENTS = 1_000
"""With a tolerance and without order, elements are matched one against all; more of them than this agree only in order."""

_NUMBERS = frozenset({bool, int, float, complex, Decimal, Fraction})
_SETS = frozenset({set, frozenset})
_TEXTS = frozenset({str, bytes})
_SINGLE = frozenset({type(None), type(...)})


EQUALITY = Comparison()


def values_agree(expected: Any, actual: Any, comparison: Comparison = EQUALITY) -> bool:  # Any: any plain value
    """Return whether two plain values agree: Python's `==`, with the options given.

    As with `==`, `32.0` agrees with `32`, `True` with `1`, a set with a frozenset, and a list never with a tuple. Unlike
    `==`, NaN agrees with NaN, wherever it stands. Never raises; a value nested deeper than `MAX_DEPTH` agrees with nothing.
    """
    try:
        return _Comparer(comparison).agree(expected, actual, 0)
    except RecursionError:  # the caller's own stack was nearly full
        return False


class _Comparer:
    def __init__(self, comparison: Comparison) -> None:
        self._exact = comparison.exact_type
        self._tolerance = comparison.tolerance
        self._unordered = comparison.unordered

    def agree(self, expected: Any, actual: Any, depth: int) -> bool:
        kind = type(expected)
        if depth > MAX_DEPTH or not self._same_kind(kind, type(actual)):
            return False
        if kind in _NUMBERS:
            return self._numbers_agree(expected, actual)
        compare = _CONTAINERS.get(kind)
        if compare is not None:
            # lengths first: the expected side is the caller's, so the work stays bounded whatever came out
            return len(expected) == len(actual) and compare(self, expected, actual, depth + 1)
        return kind in _SINGLE or (kind in _TEXTS and expected == actual)

    def _same_kind(self, kind: type, other: type) -> bool:
        if kind is other:
            return True
        return not self._exact and any(kind in family and other in family for family in (_NUMBERS, _SETS))

    def _numbers_agree(self, expected: Any, actual: Any) -> bool:
        if _is_nan(expected) or _is_nan(actual):
            return _is_nan(expected) and _is_nan(actual)
        if expected == actual:
            return True
        return self._tolerance is not None and _close(expected, actual, self._tolerance)

    def _sequences_agree(self, expected: Sequence[Any], actual: Sequence[Any], depth: int) -> bool:
        if self._unordered:
            return self._elements_agree(list(expected), list(actual), depth)
        return all(map(self.agree, expected, actual, repeat(depth)))

    def _sets_agree(self, expected: Any, actual: Any, depth: int) -> bool:
        return self._elements_agree(list(expected), list(actual), depth)

    def _elements_agree(self, expected: list[Any], actual: list[Any], depth: int) -> bool:
        """Match elements in any order: by equality, or with a tolerance each with the first one left that is near."""
        if Counter(self._key(e, depth) for e in expected) == Counter(self._key(a, depth) for a in actual):
            return True
        if self._tolerance is None:
            return False
        if len(expected) > MAX_TOLERANT_ELEMENTS:
            return all(map(self.agree, expected, actual, repeat(depth)))
        left = list(actual)
        for one in expected:
            match = next((i for i, other in enumerate(left) if self.agree(one, other, depth)), None)
            if match is None:
                return False
            del left[match]
        return True

    def _dicts_agree(self, expected: dict[Any, Any], actual: dict[Any, Any], depth: int) -> bool:
        values = {self._key(key, depth): value for key, value in actual.items()}
        keys = {self._key(key, depth): value for key, value in expected.items()}
        return keys.keys() == values.keys() and all(self.agree(keys[key], values[key], depth) for key in keys)

    def _key(self, value: Any, depth: int) -> Hashable:
        """Return something hashable that is equal for values which agree (tolerance aside)."""
        kind = type(value)
        if depth > MAX_DEPTH:
            return object()
        if kind in _NUMBERS:
            number = "nan" if _is_nan(value) else value
            return ("number", kind if self._exact else None, number)
        if kind in _CONTAINERS:
            return self._container_key(value, depth + 1)
        return (kind, value) if kind in _TEXTS or kind in _SINGLE else object()

    def _container_key(self, value: Any, depth: int) -> Hashable:
        kind = type(value)
        if kind is dict:
            return ("dict", frozenset((self._key(k, depth), self._key(v, depth)) for k, v in value.items()))
        keys = [self._key(element, depth) for element in value]
        label = kind if self._exact or kind not in _SETS else "set"
        ordered = kind not in _SETS and not self._unordered
        return (label, tuple(keys) if ordered else frozenset(Counter(keys).items()))


_CONTAINERS: dict[type, Callable[[_Comparer, Any, Any, int], bool]] = {
    list: _Comparer._sequences_agree,
    tuple: _Comparer._sequences_agree,
    set: _Comparer._sets_agree,
    frozenset: _Comparer._sets_agree,
    dict: _Comparer._dicts_agree,
}


def _is_nan(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, complex):
        return math.isnan(value.real) or math.isnan(value.imag)
    return isinstance(value, float) and math.isnan(value)


def _close(expected: Any, actual: Any, tolerance: float) -> bool:
    try:
        one, other = complex(expected), complex(actual)
        return abs(one - other) <= tolerance * max(1.0, abs(one), abs(other)) and not math.isinf(abs(one - other))
    except (OverflowError, ValueError, TypeError):
        return False
