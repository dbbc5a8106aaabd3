"""Conditionals: answers put together from expressions that are right on some rows and a test that tells those apart."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena, Goal, compatible
from genloom.tools.synthesis.engine.equivalence import FAILED, frozen
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.kinds import class_of
from genloom.tools.synthesis.engine.vocabulary import stems

__all__ = ["Splitter"]

MAX_ROWS = 60
KEPT = 4
OFFERED = 12
PAIRS = 2_000
"""So many pairs of a test and what it might part are looked at for the price of one candidate."""
THIN_BRANCH_COST = 2
NOVEL_CONSTANT_COST = 6
"""What a branch costs more that a single example supports, and one that is nothing but a constant taken from there."""

_IF = Operator(
    code="{1} if {0} else {2}",
    takes=(),
    gives="",
    call=lambda p, a, b: a if p else b,
    cost=2,
    words=stems("if else otherwise unless"),
)
_AND = Operator(
    code="{0} and {1}",
    takes=(),
    gives="bool",
    call=lambda p, q: p and q,
    cost=2,
    words=stems("both also valid strictly and"),
)
_OR = Operator(
    code="{0} or {1}", takes=(), gives="bool", call=lambda p, q: p or q, cost=2, words=stems("either any or")
)


class Splitter:
    """Watches an arena for one goal. Tests are kept by the rows where they hold, expressions by the rows where they meet
    the goal; the two are combined after each level."""

    def __init__(self, arena: Arena, goal: Goal) -> None:
        self.arena, self.goal = arena, goal
        self.all = (1 << arena.shown) - 1
        self.active = 2 <= arena.shown <= MAX_ROWS
        self._wanted = [frozen(value) for value in goal.values]
        self._class = class_of(goal.kind)
        self._branches: dict[int, list[Expression]] = {}
        self._tests: dict[int, list[Expression]] = {}
        self._changed = False
        self._known: dict[int, list[Expression]] = {}
        self._tried: set[tuple[Hashable, ...]] = set()

    def observe(self, expression: Expression) -> None:
        """Take note of one new expression."""
        if not self.active:
            return
        if expression.kind == "bool":
            self._observe_test(expression)
        if compatible(class_of(expression.kind), self._class):
            self._observe_branch(expression)

    def _observe_test(self, test: Expression) -> None:
        shown = test.values[: self.arena.shown]
        if FAILED in shown:
            return
        mask = sum(1 << row for row, value in enumerate(shown) if value)
        self._changed |= _keep(self._tests, mask, test)

    def _observe_branch(self, branch: Expression) -> None:
        mask = 0
        for row, (wanted, value) in enumerate(zip(self._wanted, branch.values[: self.arena.shown], strict=True)):
            if value == wanted or (value is not FAILED and frozen(value) == wanted):
                mask |= 1 << row
        if mask and mask != self.all:
            self._changed |= _keep(self._branches, mask, branch)

    def conclude(self) -> None:
        """Combine what is known by now, and give the goal what meets it."""
        if not self.active or not self._changed:
            return
        self._changed = False
        self._known.clear()
        pairs = len(self._tests) * (len(self._tests) if self._class == "bool" else len(self._branches))
        self.arena.ledger.charge(pairs // PAIRS)
        if self._class == "bool":
            self._join_tests()
        else:
            for found in self._cover(self.all, chain=2)[:OFFERED]:
                self._offer(found)

    def _offer(self, found: Expression) -> None:
        behaviour = tuple(map(frozen, found.values))
        if behaviour not in self._tried:
            self._tried.add(behaviour)
            self.goal.wrap(found)

    def _cover(self, rows: int, chain: int) -> list[Expression]:
        """Conditionals that meet the goal on all of these rows, cheapest first."""
        found: list[Expression] = []
        for mask, tests in self._tests.items():
            yes, no = mask & rows, ~mask & rows
            if not yes or not no:
                continue
            for test in tests:
                for then in self._meeting(yes):
                    found += [self._branch(test, then, other, yes, no) for other in self._meeting(no)]
                    if chain > 1 and no.bit_count() > 1 and not self._meeting(no):
                        found += [self._branch(test, then, other, yes, 0) for other in self._cover(no, chain - 1)[:1]]
        return sorted(found, key=_worth)

    def _meeting(self, rows: int) -> list[Expression]:
        known = self._known.get(rows)
        if known is None:
            found = [e for mask, kept in self._branches.items() if rows & ~mask == 0 for e in kept]
            known = self._known[rows] = sorted(found, key=lambda e: _worth(e) + self._thinness(e, rows))[:2]
        return known

    def _thinness(self, branch: Expression, rows: int) -> int:
        if branch.uses or rows.bit_count() > 1:
            return 0 if rows.bit_count() > 1 else THIN_BRANCH_COST
        return THIN_BRANCH_COST if branch.cost <= 1 else NOVEL_CONSTANT_COST

    def _branch(self, test: Expression, then: Expression, other: Expression, yes: int, no: int) -> Expression:
        made = _combine(_IF, (test, then, other), self.goal.kind)
        made.cost += self._thinness(then, yes) + (self._thinness(other, no) if no else 0)
        return made

    def _join_tests(self) -> None:
        wanted = sum(1 << row for row, value in enumerate(self.goal.values) if value)
        known = list(self._tests.items())
        for place, (mask, tests) in enumerate(known):
            for other, others in known[place + 1 :]:
                if mask & other == wanted:
                    self._offer(_combine(_AND, _in_order(tests[0], others[0]), "bool"))
                if mask | other == wanted:
                    self._offer(_combine(_OR, _in_order(tests[0], others[0]), "bool"))


def _in_order(one: Expression, other: Expression) -> tuple[Expression, Expression]:
    return (one, other) if one.cost <= other.cost else (other, one)


def _combine(op: Operator, args: tuple[Expression, ...], kind: str) -> Expression:
    values = tuple(_value(op, row) for row in zip(*[arg.values for arg in args], strict=True))
    mask, uses = 0, 0
    for arg in args:
        mask |= arg.mask
        uses |= arg.uses
    return Expression(op, args, kind, values, cost=op.cost + sum(arg.cost for arg in args), mask=mask, uses=uses)


def _value(op: Operator, row: tuple[Any, ...]) -> Any:
    if row[0] is FAILED:
        return FAILED
    try:
        value = op.call(*row)
    except TypeError:
        return FAILED
    return value


def _keep(kept: dict[int, list[Expression]], mask: int, expression: Expression) -> bool:
    """Keep a few for each set of rows: the cheapest, where what the prompt speaks of counts as cheaper."""
    bucket = kept.setdefault(mask, [])
    bucket.append(expression)
    bucket.sort(key=_worth)
    del bucket[KEPT:]
    return expression in bucket


def _worth(expression: Expression) -> int:
    return expression.cost - 2 * expression.mask.bit_count()
