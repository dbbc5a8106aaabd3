"""Linear fits: numbers that are a straight line of what is known, with coefficients that a person would write."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena, Goal
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.inverses import Kit, make

__all__ = ["Fitter"]

MAX_FEATURE_COST = 5
MAX_PAIRED = 12
UNPROVEN_COST = 3
NATURAL = frozenset(
    {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 24, 30, 32, 50, 60, 64, 90, 100, 180, 256, 360, 365, 1000, 1024, 3600}
)
"""Coefficients that need no explanation; others cost more, for they are likely to be fitted by chance."""

Number = Callable[[Any, int], Expression]


class Fitter:
    """Watches an arena for numeric expressions of which a numeric goal is a linear function: of one, or of two.

    `number` makes the expression of a constant at a cost; `hinted` are numbers that the prompt names.
    """

    def __init__(self, arena: Arena, goal: Goal, kit: Kit, number: Number, hinted: frozenset[int]) -> None:
        self.arena, self.goal, self.kit, self.number, self.hinted = arena, goal, kit, number, hinted
        self._wanted = [Fraction(value) for value in goal.values if _finite(value)]
        self.active = len(self._wanted) == len(goal.values) >= 1
        self._paired: list[tuple[Expression, list[Fraction]]] = []

    def observe(self, expression: Expression) -> None:
        """Try a new numeric expression as a feature."""
        if not self.active or expression.kind not in ("int", "float") or not expression.uses:
            return
        shown = expression.values[: self.arena.shown]
        if expression.cost > MAX_FEATURE_COST or not all(map(_finite, shown)):
            return
        feature = [Fraction(value) for value in shown]
        self._fit_one(expression, feature)
        if expression.cost <= 4 and len(self._paired) < MAX_PAIRED:
            for other, known in self._paired:
                self._fit_two(other, known, expression, feature)
            self._paired.append((expression, feature))
            plain = [(known, column) for known, column in self._paired if not known.args]
            if not expression.args and 3 <= len(plain) <= min(4, len(self._wanted)):
                self._fit_many([known for known, _ in plain], [column for _, column in plain])

    def conclude(self) -> None:
        """Nothing waits for a level's end."""

    def _fit_one(self, expression: Expression, feature: list[Fraction]) -> None:
        low = min(range(len(feature)), key=feature.__getitem__)
        high = max(range(len(feature)), key=feature.__getitem__)
        run = feature[high] - feature[low]
        if not run:
            return
        slope = (self._wanted[high] - self._wanted[low]) / run
        offset = self._wanted[low] - slope * feature[low]
        if slope and self._holds([(slope, feature)], offset):
            shift = offset / slope
            if offset.denominator > 1 and shift.denominator == 1:
                op = self.kit.plus if shift > 0 else self.kit.minus
                self._offer([(slope, self._apply(op, expression, self._constant(abs(shift.numerator))))], Fraction(0))
            else:
                self._offer([(slope, expression)], offset)

    def _fit_two(self, one: Expression, first: list[Fraction], other: Expression, second: list[Fraction]) -> None:
        """Weights without an offset: `w1*one + w2*other`, one of the weights 1 when a single row is known."""
        if len(first) == 1:
            for big, small, left, right in ((first[0], second[0], one, other), (second[0], first[0], other, one)):
                if big:
                    self._offer([((self._wanted[0] - small) / big, left), (Fraction(1), right)], Fraction(0), free=1)
        else:
            self._fit_many([one, other], [first, second])

    def _fit_many(self, features: list[Expression], columns: list[list[Fraction]]) -> None:
        weights = _solved(columns, self._wanted)
        if weights and all(weights) and self._holds(list(zip(weights, columns, strict=True)), Fraction(0)):
            self._offer(list(zip(weights, features, strict=True)), Fraction(0), free=len(features))

    def _holds(self, terms: list[tuple[Fraction, list[Fraction]]], offset: Fraction) -> bool:
        return all(
            sum((weight * feature[row] for weight, feature in terms), offset) == wanted
            for row, wanted in enumerate(self._wanted)
        )

    def _offer(self, terms: list[tuple[Fraction, Expression]], offset: Fraction, free: int = 2) -> None:
        numbers = [weight for weight, _ in terms] + [offset]
        if any(abs(n.numerator) > 10**6 or n.denominator > 1000 for n in numbers):
            return
        made = self._sum(terms, offset)
        if made is not None:
            made.cost -= len(terms)  # a weighted sum is one thought
            made.cost += UNPROVEN_COST * (len(self._wanted) <= free)
            self.goal.wrap(made)

    def _sum(self, terms: list[tuple[Fraction, Expression]], offset: Fraction) -> Expression | None:
        made: Expression | None = None
        for weight, feature in terms:
            term = self._scaled(weight, feature)
            made = term if made is None else self._apply(self.kit.plus, made, term)
        if made is None or not offset:
            return made
        size = abs(offset)
        if size.denominator not in (1, 2, 4, 5, 10, 20, 100):
            return None
        shift = self._constant(size.numerator) if size.denominator == 1 else self.number(float(size), 4)
        return self._apply(self.kit.plus if offset > 0 else self.kit.minus, made, shift)

    def _scaled(self, weight: Fraction, feature: Expression) -> Expression:
        made = feature
        if weight.numerator != 1:
            made = self._apply(self.kit.times, made, self._constant(weight.numerator))
        return made if weight.denominator == 1 else self._apply(self.kit.over, made, self._constant(weight.denominator))

    def _constant(self, value: int) -> Expression:
        size = abs(value)
        cost = 1 if size in self.hinted or size <= 1 else 2 if size in NATURAL else 4
        return self.number(value, cost)

    def _apply(self, op: Operator, *args: Expression) -> Expression:
        kind = "float" if op is self.kit.over or any(arg.kind == "float" for arg in args) else "int"
        return make(op, args, kind)


def _solved(columns: list[list[Fraction]], wanted: list[Fraction]) -> list[Fraction] | None:
    """The weights under which the columns add up to what is wanted, by elimination over all rows; `None` when the columns
    do not determine them. What it returns is still to be checked on every row."""
    count = len(columns)
    rows = [[*(column[row] for column in columns), value] for row, value in enumerate(wanted)]
    for place in range(count):
        pivot = next((row for row in rows[place:] if row[place]), None)
        if pivot is None:
            return None
        rows.remove(pivot)
        pivot = [value / pivot[place] for value in pivot]
        rows = [[value - row[place] * top for value, top in zip(row, pivot, strict=True)] for row in rows]
        rows.insert(place, pivot)
    return [row[count] for row in rows[:count]]


def _finite(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
