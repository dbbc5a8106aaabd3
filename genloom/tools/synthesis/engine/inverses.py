"""Inverses: what a part must give so that the whole gives what is asked (goal push-down).

Given the goal `"ab-7"` and a known expression that gives `"ab-"`, the rest must give `"7"`; a text of digits may come from
a number, a run of one character from a count, a joined text from a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena, Goal
from genloom.tools.synthesis.engine.equivalence import FAILED, TooLargeError, Values
from genloom.tools.synthesis.engine.expression import Expression, Operator, evaluate
from genloom.tools.synthesis.engine.kinds import parts

__all__ = ["Decomposer", "Kit", "make"]

MAX_GOALS = 600
MAX_DEPTH = 2
MAX_PIECE_COST = 7

_PAIR = Operator(code="({0}, {1})", takes=("T", "U"), gives="tuple[T,U]", call=lambda a, b: (a, b), cost=2)


class Kit:
    """The operators that inverses put together, as the search's prompt makes them cost."""

    def __init__(self, operators: Sequence[Operator]) -> None:
        known = {(op.code, op.takes[0]): op for op in operators if op.takes}
        self.concat = {"str": known["{0} + {1}", "str"], "list": known["{0} + {1}", "list[T]"]}
        self.plus, self.minus, self.times = (known[f"{{0}} {mark} {{1}}", "num"] for mark in "+-*")
        self.over = known["{0} / {1}", "num"]
        self.text = known["str({0})", "num"]
        self.join = known["{1}.join({0})", "list[str]"]
        self.join_bare = known['"".join({0})', "list[str]"]
        self.repeat = known["{0} * {1}", "str"]


def make(op: Operator, args: tuple[Expression, ...], kind: str) -> Expression:
    """Apply an operator outside of the enumeration. One that changes nothing covers no word of the prompt."""
    values = evaluate(op, args)
    mask, uses = 0 if any(arg.uses and arg.values == values for arg in args) else op.mask, 0
    for arg in args:
        mask |= arg.mask
        uses |= arg.uses
    return Expression(op, args, kind, values, cost=op.cost + sum(a.cost for a in args), mask=mask, uses=uses)


def push_goal(goal: Goal, kit: Kit, constant: Callable[[str], Expression], texts: Sequence[str]) -> list[Goal]:
    """The goals that follow from a goal alone, without any part of it known; `constant` makes a constant's expression."""
    if goal.kind == "str" and goal.divisible:
        return [*_joined(goal, kit, constant, texts), *_digits(goal, kit), *_runs(goal, kit, constant)]
    return []


def _joined(goal: Goal, kit: Kit, constant: Callable[[str], Expression], texts: Sequence[str]) -> list[Goal]:
    found = [_derived(goal, "list[str]", tuple(map(list, goal.values)), lambda e: make(kit.join_bare, (e,), "str"))]
    for separator in texts:
        if not separator or not any(separator in value for value in goal.values):
            continue
        values = tuple(value.split(separator) if value else [] for value in goal.values)
        found.append(_derived(goal, "list[str]", values, _joiner(kit, constant(separator))))
    return found


def _joiner(kit: Kit, separator: Expression) -> Callable[[Expression], Expression]:
    return lambda e: make(kit.join, (e, separator), "str")


def _digits(goal: Goal, kit: Kit) -> list[Goal]:
    if not all(value.isdecimal() and (value == "0" or value[0] != "0") for value in goal.values):
        return []
    return [_derived(goal, "int", tuple(map(int, goal.values)), lambda e: make(kit.text, (e,), "str"))]


def _runs(goal: Goal, kit: Kit, constant: Callable[[str], Expression]) -> list[Goal]:
    """A run of one character, of a length that varies."""
    characters = {character for value in goal.values for character in value}
    lengths = tuple(map(len, goal.values))
    if len(characters) != 1 or max(lengths) < 3 or (len(lengths) > 1 and len(set(lengths)) < 2):
        return []
    character = constant(characters.pop())
    return [_derived(goal, "int", lengths, lambda e: make(kit.repeat, (character, e), "str"))]


def _derived(goal: Goal, kind: str, values: Values, build: Callable[[Expression], Expression]) -> Goal:
    def wrap(part: Expression) -> Expression | None:
        return goal.wrap(build(part))

    return Goal(kind, values, wrap, depth=goal.depth + 1)


class Decomposer:
    """Watches an arena for parts of its goals: what starts or ends a text or a list, a summand, a factor, one of a pair.
    The rest becomes a goal of its own, at most `MAX_GOALS` of them."""

    def __init__(
        self, arena: Arena, goal: Goal, kit: Kit, constant: Callable[[str], Expression], texts: Sequence[str]
    ) -> None:
        self.arena, self.kit, self.constant, self.texts = arena, kit, constant, texts
        self._left = MAX_GOALS
        self._depth = goal.depth
        self._open = [goal]
        for derived in push_goal(goal, kit, constant, texts):
            self._aim(derived)

    def observe(self, expression: Expression) -> None:
        """See whether a new expression is part of a goal."""
        if self._left <= 0 or expression.cost > MAX_PIECE_COST:
            return
        for goal in tuple(self._open):
            for derived in self._rests(goal, expression):
                self._aim(derived)
                for further in push_goal(derived, self.kit, self.constant, self.texts):
                    self._aim(further)

    def conclude(self) -> None:
        """Nothing waits for a level's end."""

    def _aim(self, goal: Goal) -> None:
        if self._left > 0:
            self._left -= 1
            if goal.kind == "str" and goal.depth - self._depth < MAX_DEPTH:
                self._open.append(goal) if len(self._open) < 12 else None
            self.arena.aim(goal)

    def _rests(self, goal: Goal, part: Expression) -> list[Goal]:
        shown = part.values[: self.arena.shown]
        if FAILED in shown or None in shown or not goal.divisible:
            return []
        head = parts(goal.kind)[0]
        if head in ("str", "list") and part.kind == goal.kind:
            return _ends(goal, self.kit.concat[head], part, shown)
        if head in ("int", "float") and part.kind in ("int", "float") and part.uses and part.cost <= 5:
            return _terms(goal, self.kit, part, shown)
        if head == "tuple":
            return _sides(goal, part, shown)
        return []


def _ends(goal: Goal, concat: Operator, part: Expression, shown: Values) -> list[Goal]:
    found: list[Goal] = []
    if not any(shown) or shown == goal.values:
        return found
    kind = goal.kind
    if all(whole[: len(piece)] == piece for whole, piece in zip(goal.values, shown, strict=True)):
        rest = tuple(whole[len(piece) :] for whole, piece in zip(goal.values, shown, strict=True))
        found.append(_derived(goal, kind, rest, lambda e: make(concat, (part, e), kind)))
    if all(not piece or whole[-len(piece) :] == piece for whole, piece in zip(goal.values, shown, strict=True)):
        rest = tuple(whole[: len(whole) - len(piece)] for whole, piece in zip(goal.values, shown, strict=True))
        found.append(_derived(goal, kind, rest, lambda e: make(concat, (e, part), kind)))
    return found


def _terms(goal: Goal, kit: Kit, part: Expression, shown: Values) -> list[Goal]:
    try:
        sums = tuple(whole - piece for whole, piece in zip(goal.values, shown, strict=True))
        takes = tuple(piece - whole for whole, piece in zip(goal.values, shown, strict=True))
        found = [
            _derived(goal, goal.kind, sums, lambda e: make(kit.plus, (e, part), goal.kind)),
            _derived(goal, goal.kind, takes, lambda e: make(kit.minus, (part, e), goal.kind)),
        ]
        if _divides(goal.values, shown):
            factors = tuple(whole // piece for whole, piece in zip(goal.values, shown, strict=True))
            found.append(_derived(goal, goal.kind, factors, lambda e: make(kit.times, (part, e), goal.kind)))
    except (TypeError, OverflowError, TooLargeError):
        return []
    return found


def _divides(wholes: Values, pieces: Values) -> bool:
    whole_numbers = all(pieces) and all(type(value) is int for value in (*wholes, *pieces))
    return whole_numbers and all(whole % piece == 0 for whole, piece in zip(wholes, pieces, strict=True))


def _sides(goal: Goal, part: Expression, shown: Values) -> list[Goal]:
    kinds = parts(goal.kind)[1]
    if len(kinds) != 2:
        return []
    found: list[Goal] = []
    if all(_same(value[0], piece) for value, piece in zip(goal.values, shown, strict=True)):
        rest: tuple[Any, ...] = tuple(value[1] for value in goal.values)
        found.append(_derived(goal, kinds[1], rest, lambda e: make(_PAIR, (part, e), goal.kind)))
    return found


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
