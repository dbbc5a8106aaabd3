"""The toolbox: the operators of one search, and which kinds of arguments each takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.kinds import Bindings, depth_of, fill, parts, unify

__all__ = ["Instance", "Toolbox"]

Instance = tuple[Operator, tuple[str, ...], str]
"""An operator, the kinds of its arguments and the kind of its result."""


class Toolbox:
    """Operators with their instances by kind, found once and shared by all arenas of a search."""

    def __init__(self, operators: Sequence[Operator], kinds: Iterable[str], *, strict: bool = False) -> None:
        self.operators = tuple(operators)
        self._strict = strict
        self._asked = {inner for kind in kinds for inner in _inside(kind)}
        self._plain: dict[str, bool] = {}
        self._for_characters: Toolbox | None = None
        self._fitting: dict[str, list[tuple[int, int]]] = {}
        self._possible: dict[tuple[str, tuple[str, ...]], list[Instance]] = {}
        self._results: dict[tuple[int, tuple[str, ...]], str] = {}

    def for_characters(self) -> Toolbox:
        """The toolbox for going through a text: regular expressions say nothing new of a single character."""
        if self._for_characters is None:
            plain = [op for op in self.operators if op.imports != "import re"]
            self._for_characters = Toolbox(plain, self._asked)
        return self._for_characters

    def instances(self, new: str, known: Iterable[str]) -> list[Instance]:
        """The instances that a new kind makes possible, together with the kinds that are known already."""
        kinds = tuple(dict.fromkeys((*known, new)))
        if (new, kinds) not in self._possible:
            self._possible[new, kinds] = self._found(new, kinds)
        return self._possible[new, kinds]

    def _found(self, new: str, kinds: tuple[str, ...]) -> list[Instance]:
        fitting = {kind: set(self._positions(kind)) for kind in kinds}
        found: dict[tuple[int, tuple[str, ...]], Instance] = {}
        for number, place in self._positions(new):
            op = self.operators[number]
            choices = [
                [new] if other == place else [kind for kind in kinds if (number, other) in fitting[kind]]
                for other in range(len(op.takes))
            ]
            for taken in itertools.product(*choices):
                gives = self._result(number, taken)
                if gives and not (op.symmetric and taken[0] > taken[1]):
                    found[number, taken] = (op, taken, gives)
        return list(found.values())

    def _positions(self, kind: str) -> list[tuple[int, int]]:
        if kind not in self._fitting:
            self._fitting[kind] = [
                (number, place)
                for number, op in enumerate(self.operators)
                for place, pattern in enumerate(op.takes)
                if unify(pattern, kind, {})
            ]
        return self._fitting[kind]

    def _result(self, number: int, taken: tuple[str, ...]) -> str:
        key = (number, taken)
        if key not in self._results:
            op = self.operators[number]
            bound: Bindings = {}
            fits = all(unify(pattern, kind, bound) for pattern, kind in zip(op.takes, taken, strict=True))
            gives = _result_kind(op, taken, bound) if fits else ""
            self._results[key] = gives if gives and self.admits(gives) else ""
        return self._results[key]

    def admits(self, kind: str) -> bool:
        """Whether values of a kind are worth having: plain ones are, others only where the task speaks of them.

        A strict toolbox admits only the latter. Without this, kinds nest without end (lists of pairs of sets of …) and
        most of a search's time goes there.
        """
        if kind not in self._plain:
            self._plain[kind] = kind in self._asked or (not self._strict and _is_plain(kind))
        return self._plain[kind]


def _inside(kind: str) -> list[str]:
    return [kind, *(inner for argument in parts(kind)[1] for inner in _inside(argument))]


def _is_plain(kind: str) -> bool:
    head, arguments = parts(kind)
    if depth_of(kind) <= 1:
        return head != "set" or arguments[0] != "bool"
    if depth_of(kind) > 2:
        return False
    inner = parts(arguments[-1])[0]
    return (head, inner) in (("list", "list"), ("list", "tuple")) or (
        head == "dict" and inner == "list" and depth_of(arguments[0]) == 0
    )


def _result_kind(op: Operator, taken: tuple[str, ...], bound: Bindings) -> str:
    """A slice of a text is a text, not a list of characters: `seq[T]` comes back as what it went in."""
    if parts(op.gives)[0] == "seq":
        return taken[0]
    return fill(op.gives, bound)
