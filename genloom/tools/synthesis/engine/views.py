"""Views: parts of an argument that have a place of their own, such as hours and minutes in `"07:30"`, as variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.binding import variable
from genloom.tools.synthesis.engine.constants import separators_of
from genloom.tools.synthesis.engine.equivalence import FAILED
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.kinds import parts
from genloom.tools.synthesis.engine.problem import Problem

__all__ = ["View", "views_of"]

_ORDINALS = ("first", "second", "third", "fourth")
MAX_VIEWS = 2


@dataclass(frozen=True)
class View:
    """The statement that takes an argument apart, the names it binds and their expressions."""

    statement: str
    names: tuple[str, ...]
    seeds: tuple[Expression, ...]


def views_of(problem: Problem, rows: Sequence[tuple[Any, ...]], shown: int) -> list[View]:
    """The views of a problem's arguments: texts that a mark divides into equally many parts, and tuples."""
    found: list[View] = []
    for place, (name, kind) in enumerate(zip(problem.parameters, problem.kinds, strict=True)):
        values = [row[place] for row in rows]
        if kind == "str":
            found += _split_views(problem, name, values, shown, place)
        elif parts(kind)[0] == "tuple" and len(parts(kind)[1]) <= len(_ORDINALS):
            found += _tuple_views(problem, name, kind, values, place)
    return found[:MAX_VIEWS]


def _split_views(problem: Problem, name: str, values: list[Any], shown: int, place: int) -> list[View]:
    for mark in (*separators_of(problem.fit), " "):
        divided = [value.split(mark) if isinstance(value, str) else [] for value in values]
        count = len(divided[0])
        if not 2 <= count <= len(_ORDINALS) or any(len(items) != count for items in divided[:shown]):
            continue
        names = _names(problem, place, count)
        columns = [[items[i] if len(items) == count else FAILED for items in divided] for i in range(count)]
        seeds = [variable(n, "str", tuple(c), bit=1 << place, cost=2) for n, c in zip(names, columns, strict=True)]
        for part, column in zip(names, columns, strict=True):
            if all(isinstance(text, str) and text.isdecimal() for text in column[:shown]):
                seeds.append(variable(f"int({part})", "int", tuple(map(_whole, column)), bit=1 << place, cost=2))
        return [View(f"{', '.join(names)} = {name}.split({mark!r})", names, tuple(seeds))]
    return []


def _whole(text: Any) -> Any:
    try:
        return FAILED if text is FAILED else int(text)
    except ValueError:
        return FAILED


def _tuple_views(problem: Problem, name: str, kind: str, values: list[Any], place: int) -> list[View]:
    kinds = parts(kind)[1]
    names = _names(problem, place, len(kinds))
    seeds = [
        variable(part, inner, tuple(_item(value, index) for value in values), bit=1 << place, cost=1)
        for index, (part, inner) in enumerate(zip(names, kinds, strict=True))
    ]
    return [View(f"{', '.join(names)} = {name}", names, tuple(seeds))]


def _item(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, tuple) and index < len(value) else FAILED


def _names(problem: Problem, place: int, count: int) -> tuple[str, ...]:
    taken = set(problem.parameters)
    own = problem.parameters[place]
    plain = _ORDINALS[:count]
    return plain if not taken & set(plain) and len(problem.parameters) == 1 else tuple(f"{own}_{n}" for n in plain)
