"""Reads the values that a worker encoded; the format stands in `worker/values.py`. Strict and bounded, nothing is run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from genloom.tools.sandbox.report import Opaque

__all__ = ["MalformedValueError", "decode_value"]

MOST_DEPTH = 200
MOST_COMPARED = 10_000_000
"""How many comparisons of small integers may be needed for members of equal hash: some tenths of a second."""

_HEXADECIMAL = re.compile(r"-?0x[0-9a-f]+")
_FLOAT = re.compile(r"-?(0x[01]\.?[0-9a-f]*p[+-][0-9]+|inf)|nan")
_DECIMAL = re.compile(r"-?([0-9]+\.?[0-9]*(E[+-]?[0-9]+)?|0?\.[0-9]+|Infinity|s?NaN[0-9]*)")


class MalformedValueError(ValueError):
    """The encoding is not one that a worker makes."""


def decode_value(encoded: object, depth: int = 0) -> Any:  # Any: whatever plain value it is
    """Return the plain value, or `Opaque`.

    A set or dict whose members are not plain or not distinct as plain values, or are chosen to collide, is `Opaque` as a
    whole. Raises `MalformedValueError`.
    """
    return _decode(encoded, depth, _Work())


def _decode(encoded: object, depth: int, work: _Work) -> Any:
    if encoded is None or isinstance(encoded, bool | int | str):
        return encoded
    if depth > MOST_DEPTH or not isinstance(encoded, list) or not encoded or not isinstance(encoded[0], str):
        raise MalformedValueError("not a value")
    tag, items = encoded[0], encoded[1:]
    if tag in _SCALARS:
        return _scalar(tag, items)
    if tag == "d":
        return _dict(items, depth, work)
    if tag in _CONTAINERS:
        return _container(tag, [_decode(item, depth + 1, work) for item in items], work)
    raise MalformedValueError(f"no such tag: {tag!r:.20}")


def _scalar(tag: str, items: list[object]) -> Any:
    count, make = _SCALARS[tag]
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != count or len(items) != count:
        raise MalformedValueError(f"{tag} needs {count} texts")
    try:
        return make(*texts)
    except (ValueError, ArithmeticError, InvalidOperation) as error:
        raise MalformedValueError(f"not a {tag}") from error


def _container(tag: str, values: list[Any], work: _Work) -> Any:
    made = _CONTAINERS[tag]
    try:
        if tag in _HASHED and not work.allows(values):
            return _strange(made.__name__)
        result = made(values)
    except TypeError:
        return _strange(made.__name__)
    return result if len(result) == len(values) else _strange(made.__name__)


def _dict(items: list[object], depth: int, work: _Work) -> Any:
    lists = [item for item in items if isinstance(item, list) and len(item) == 2]
    if len(lists) != len(items):
        raise MalformedValueError("a dict is made of pairs")
    pairs = [(_decode(key, depth + 1, work), _decode(value, depth + 1, work)) for key, value in lists]
    try:
        if not work.allows([key for key, _ in pairs]):
            return _strange("dict")
        result = dict(pairs)
    except TypeError:
        return _strange("dict")
    return result if len(result) == len(pairs) else _strange("dict")


def _strange(kind: str) -> Opaque:
    return Opaque(type_name=kind, text=f"a {kind} whose members are not plain, or equal as plain values, or collide")


class _Work:
    """What may still be spent on comparing members of one hash, in all sets and dicts of a value: hashes of numbers are
    easy to make equal, and n equal ones cost n² comparisons, during which no other thread runs."""

    def __init__(self) -> None:
        self._left = MOST_COMPARED

    def allows(self, members: list[Any]) -> bool:
        """Whether the members can be put into a set; raises `TypeError` where one has no hash."""
        counts = Counter(map(hash, members))
        if len(counts) < len(members):
            repeated = ((counts[hash(member)], member) for member in members if counts[hash(member)] > 1)
            self._left -= sum(count * _weight(member) for count, member in repeated)
        return self._left >= 0


def _weight(member: object) -> int:
    """Return about how long a comparison takes, in those of small integers."""
    if isinstance(member, tuple | frozenset):
        return 1 + sum(map(_weight, member))
    if isinstance(member, int):
        return 1 + member.bit_length() // 4096
    return 1 if isinstance(member, float | complex | str | bytes) else 40


def _integer(text: str) -> int:
    if not _HEXADECIMAL.fullmatch(text):
        raise ValueError(text[:40])
    return int(text, 16)


def _float(text: str) -> float:
    if not _FLOAT.fullmatch(text):
        raise ValueError(text[:40])
    return float.fromhex(text)


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(text[:40])
    return Decimal(text)


def _complex(real: str, imaginary: str) -> complex:
    return complex(_float(real), _float(imaginary))


def _fraction(top: str, bottom: str) -> Fraction:
    return Fraction(_integer(top), _integer(bottom))


def _opaque(type_name: str, text: str) -> Opaque:
    return Opaque(type_name=type_name, text=text)


_SCALARS: dict[str, tuple[int, Callable[..., object]]] = {
    "i": (1, _integer),
    "f": (1, _float),
    "c": (2, _complex),
    "b": (1, bytes.fromhex),
    "D": (1, _decimal),
    "F": (2, _fraction),
    "o": (2, _opaque),
}

_CONTAINERS: dict[str, Callable[[list[Any]], Any]] = {"l": list, "t": tuple, "s": set, "z": frozenset}
_HASHED = frozenset("sz")
