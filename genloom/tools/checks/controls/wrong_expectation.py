"""Wrong expectations: an assertion changed so that it must fail where the one that was written holds. Pure.

The changed text looks like what somebody could have written (`== 5` for `== 4`), so that code which reads the test file
cannot tell which of the two expects the right value.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Any

__all__ = ["Edit", "SourceText", "other_value", "wrong_expectation"]

_OPPOSITES: Mapping[type[ast.cmpop], tuple[str, str]] = MappingProxyType(
    {
        ast.NotEq: (r"!=", "=="),
        ast.Lt: (r"<", ">="),
        ast.LtE: (r"<=", ">"),
        ast.Gt: (r">", "<="),
        ast.GtE: (r">=", "<"),
        ast.Is: (r"\bis\b", "is not"),
        ast.IsNot: (r"\bis\s+not\b", "is"),
        ast.In: (r"\bin\b", "not in"),
        ast.NotIn: (r"\bnot\s+in\b", "in"),
    }
)
_WRAPPINGS = ("({0}, None)", "(None, {0})", "({0}, {0})")


@dataclass(frozen=True)
class Edit:
    """Bytes from `start` to `end` of a source are to become `text`."""

    start: int
    end: int
    text: str


class SourceText:
    """A source as bytes, with the places of its nodes."""

    def __init__(self, source: str) -> None:
        self.data = source.encode()
        lines = self.data.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return where a node begins and ends."""
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def between(self, start: int, end: int) -> str:
        """Return a part of the source."""
        return self.data[start:end].decode()

    def edited(self, edits: list[Edit]) -> str:
        """Return the source with edits that do not overlap."""
        data = self.data
        for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
            data = data[: edit.start] + edit.text.encode() + data[edit.end :]
        return data.decode()


def wrong_expectation(assertion: ast.Assert | ast.Call, source: SourceText, chance: Random) -> Edit | None:
    """Return the edit that makes an assertion expect something else; `None` where there is no such edit.

    A literal that is compared by `==` becomes another of its kind, other comparisons are turned round, and what is no
    comparison is negated.
    """
    if isinstance(assertion, ast.Assert):
        return _wrong(assertion.test, source, chance)
    name = assertion.func.attr if isinstance(assertion.func, ast.Attribute) else ""
    if name != "assertEqual":
        return _negated(assertion.args[0], source)
    return _unequal(assertion.args[0], assertion.args[1], source, chance) if len(assertion.args) > 1 else None


def _wrong(test: ast.expr, source: SourceText, chance: Random) -> Edit | None:
    match test:
        case ast.BoolOp(op=ast.And()):
            return _wrong(chance.choice(test.values), source, chance)  # all of them held, so one that is wrong fails
        case ast.Compare(ops=[ast.Eq()]):
            return _unequal(test.left, test.comparators[0], source, chance)
        case ast.Compare(ops=[ast.In()], left=ast.Constant(value=str(needle))) if needle:
            return Edit(*source.span(test.left), repr("".join(chance.choices(string.ascii_letters, k=12))))
        case ast.Compare(ops=[operator]):
            return _turned(test, operator, source)
    return _negated(test, source)


def _unequal(left: ast.expr, right: ast.expr, source: SourceText, chance: Random) -> Edit:
    for side, other in ((right, left), (left, right)):
        try:
            literal = ast.literal_eval(side)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        if not _is_lenient(other):
            return Edit(*source.span(side), repr(other_value(literal, chance)))
    start, end = source.span(right)
    return Edit(start, end, chance.choice(_WRAPPINGS).format(source.between(start, end)))


def _is_lenient(expression: ast.expr) -> bool:
    """Whether it may equal a neighbouring value too, as `approx(…)` does."""
    function = expression.func if isinstance(expression, ast.Call) else expression
    return getattr(function, "attr", getattr(function, "id", "")) in ("approx", "ANY")


def _turned(test: ast.Compare, operator: ast.cmpop, source: SourceText) -> Edit | None:
    pattern, opposite = _OPPOSITES[type(operator)]
    start, end = source.span(test.left)[1], source.span(test.comparators[0])[0]
    found = re.search(pattern.encode(), source.data[start:end])
    return Edit(start + found.start(), start + found.end(), opposite) if found else None


def _negated(test: ast.expr, source: SourceText) -> Edit:
    start, end = source.span(test)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return Edit(start, end, f"({source.between(*source.span(test.operand))})")
    return Edit(start, end, f"not ({source.between(start, end)})")


def other_value(value: Any, chance: Random) -> Any:  # Any: whatever a literal can be
    """Return a value of the same kind, where there is one, that does not equal `value`."""
    match value:
        case bool():
            return not value
        case int():
            return value + chance.choice((-2, -1, 1, 2, 10))
        case float() | complex():
            return _other_number(value, chance)
        case str():
            return _other_text(value, chance)
        case bytes():
            return bytes([*value[:-1], (value[-1] if value else 64) ^ chance.randrange(1, 16)])
        case list() | tuple() | set() | dict():
            return _other_collection(value, chance)
    return chance.choice((0, "", False))  # None and `...`


def _other_number(value: complex, chance: Random) -> complex:
    other = value + chance.choice((-1.5, -0.5, 0.5, 1.0))
    return other if other != value else 0.0  # too large for the difference to show


def _other_text(text: str, chance: Random) -> str:
    if not text:
        return chance.choice(string.ascii_lowercase)
    place = chance.randrange(len(text))
    kind = string.digits if text[place] in string.digits else string.ascii_lowercase
    other = chance.choice([each for each in kind if each != text[place].lower()])
    return text[:place] + other + text[place + 1 :]


def _other_collection(value: Any, chance: Random) -> Any:  # Any: a list, tuple, set or dict of literals
    if not value:
        return {"a": 1} if isinstance(value, dict) else type(value)([chance.randrange(9)])
    if isinstance(value, dict):
        key = chance.choice(list(value))
        return {**value, key: other_value(value[key], chance)}
    if isinstance(value, set):
        return set(list(value)[1:])
    place = chance.randrange(len(value))
    return type(value)([*value[:place], other_value(value[place], chance), *value[place + 1 :]])
