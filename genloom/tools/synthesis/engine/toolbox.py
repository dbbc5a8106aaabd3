"""The toolbox: the operators of one search, and which kinds of arguments each takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

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
        self._possible: dict[tuple[str, tuple[str, ...]], list[Instance]] = {}

    def for_characters(self) -> Toolbox:
        """The toolbox for going through a text: regular expressions say nothing new of a single character."""
        if self._for_characters is None:
            plain = [op for op in self.operators if op.imports != "import re"]
            self._for_characters = Toolbox(plain, self._asked)
        return self._for_characters

    def instances(self, new: str, known: Iterable[str]) -> list[Instance]:
        """The instances that a new kind makes possible, together with the kinds that are known already."""
        kinds = tuple(dict.fromkeys((*known, new)))
        found = self._possible.get((new, kinds))
        if found is None:
            found = self._possible[new, kinds] = [
                (op, taken, gives)
                for op in self.operators
                for taken, gives in _takings(op.takes, op.gives, new, kinds)
                if self.admits(gives) and not (op.symmetric and taken[0] > taken[1])
            ]
        return found

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


@lru_cache(maxsize=32_768)
def _takings(
    takes: tuple[str, ...], gives: str, new: str, kinds: tuple[str, ...]
) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The kinds that patterns may take, the new one among them, each with the kind of the result."""
    found: dict[tuple[str, ...], str] = {}
    for place in range(len(takes)):
        partial: list[tuple[tuple[str, ...], Bindings]] = [((), {})]
        for other, pattern in enumerate(takes):
            partial = [
                ((*taken, kind), both)
                for taken, bound in partial
                for kind in ((new,) if other == place else kinds)
                if unify(pattern, kind, both := dict(bound))
            ]
        for taken, bound in partial:
            found[taken] = _result_kind(gives, taken, bound)
    return tuple(found.items())


def _result_kind(gives: str, taken: tuple[str, ...], bound: Bindings) -> str:
    """A slice of a text is a text, not a list of characters: `seq[T]` comes back as what it went in."""
    return taken[0] if parts(gives)[0] == "seq" else fill(gives, bound)
