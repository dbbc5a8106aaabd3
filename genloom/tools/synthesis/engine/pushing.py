"""Pushing down: what a comprehension's body must give on each element so that the whole gives what is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena, Goal, compatible
from genloom.tools.synthesis.engine.binding import Binding
from genloom.tools.synthesis.engine.equivalence import FAILED, Values
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.forms import FILTER, MAP, SIFT, TABLE, Form, element_kind
from genloom.tools.synthesis.engine.kinds import class_of, hashable, parts

__all__ = ["Sieve", "may_make", "push_down", "sieves_of"]

FittedForm = tuple[Form, Operator]
MAX_SIEVES = 12
MAX_SIFTED_COST = 4


def may_make(source: Expression, goal: Goal, shown: int) -> bool:
    """Whether a list or dictionary that is asked for has as many items as a sequence, on every row, or is part of it."""
    head = parts(goal.kind)[0]
    values = source.values[:shown]
    if head not in ("list", "dict") or FAILED in values or not goal.divisible or not any(goal.values):
        return False
    if all(len(value) == len(wanted) for value, wanted in zip(values, goal.values, strict=True)):
        return True
    return head == "list" and all(_kept(list(value), wanted) for value, wanted in zip(values, goal.values, strict=True))


def _kept(items: list[Any], wanted: list[Any]) -> list[bool] | None:
    """Which items a filter must keep to leave what is wanted; `None` when none does."""
    try:
        chosen = [item in wanted for item in items]
    except TypeError:
        return None
    left = [item for item, keep in zip(items, chosen, strict=True) if keep]
    return (chosen or [True]) if left == wanted else None


def push_down(binding: Binding, goal: Goal, outer: Arena, forms: Sequence[FittedForm]) -> None:
    """Aim the arena of a binding's bodies at what a goal needs of them: as a list of bodies, a filtered list, a table."""
    fitted = {form: (form, op) for form, op in forms}
    head, arguments = parts(goal.kind)
    if not goal.values or not goal.divisible:
        return
    if head == "list":
        _aim(binding, arguments[0], binding.flatten(goal.values, outer.shown), goal, fitted[MAP])
        _aim(binding, "bool", _flags(binding, goal, outer.shown), goal, fitted[FILTER])
    if head == "dict" and hashable(element_kind(binding.source.kind)):
        _aim(binding, arguments[1], _entries(binding, goal, outer.shown), goal, fitted[TABLE])


class Sieve:
    """Watches the bodies over a sequence for one that, on some of the elements, gives the list that is asked for; which
    elements those are becomes a goal, so that `[body for … if test]` is found in one step."""

    def __init__(self, binding: Binding, goal: Goal, shown: int, form: FittedForm) -> None:
        self.binding, self.goal, self.shown, self.form = binding, goal, shown, form
        self._class = class_of(parts(goal.kind)[1][0])
        self._left = MAX_SIEVES

    def observe(self, body: Expression) -> None:
        """See whether a new body can be sifted into the goal."""
        if not self._left or not body.uses & self.binding.arena.focus or not body.cost <= MAX_SIFTED_COST:
            return
        if not compatible(class_of(body.kind), self._class):
            return
        flags: list[bool] = []
        place = 0
        for elements, wanted in zip(self.binding.elements[: self.shown], self.goal.values, strict=True):
            count = len(elements or ())
            chosen = _kept(list(body.values[place : place + count]), wanted)
            if chosen is None:
                return
            flags.extend(chosen[:count])
            place += count
        if len(set(flags)) == 2:
            self._left -= 1
            self.binding.arena.aim(
                Goal("bool", tuple(flags), self._wrap(body), depth=self.goal.depth + 1, branching=True)
            )

    def conclude(self) -> None:
        """Nothing waits for a level's end."""

    def _wrap(self, body: Expression) -> Callable[[Expression], Expression | None]:
        def wrap(test: Expression) -> Expression | None:
            if not test.uses & self.binding.arena.focus:
                return None
            made = self.binding.assemble(self.form[0], body, self.form[1], test)
            return self.goal.wrap(made) if made is not None else None

        return wrap


def _flags(binding: Binding, goal: Goal, shown: int) -> Values | None:
    flags: list[bool] = []
    for elements, wanted in zip(binding.elements[:shown], goal.values, strict=True):
        chosen = None if elements is None else _kept(elements, wanted)
        if chosen is None or elements is None:
            return None
        flags.extend(chosen[: len(elements)])
    return tuple(flags) if len(set(flags)) == 2 else None


def sieves_of(binding: Binding, goals: Sequence[Goal], shown: int, op: Operator) -> list[Sieve]:
    """The sieves of a binding: one for each list that is asked for and is nowhere longer than the sequence."""
    found: list[Sieve] = []
    for goal in goals:
        if parts(goal.kind)[0] != "list" or not goal.divisible or not any(goal.values):
            continue
        sizes = [
            (elements, len(wanted)) for elements, wanted in zip(binding.elements[:shown], goal.values, strict=True)
        ]
        if all(elements is not None and len(elements) >= size for elements, size in sizes):
            found.append(Sieve(binding, goal, shown, (SIFT, replace(SIFT.op, cost=op.cost + 1, mask=op.mask))))
    return found[:2]


def _entries(binding: Binding, goal: Goal, shown: int) -> Values | None:
    found: list[Any] = []
    for elements, table in zip(binding.elements[:shown], goal.values, strict=True):
        if elements is None or set(elements) != set(table):
            return None
        found.extend(table[item] for item in elements)
    return tuple(found)


def _aim(binding: Binding, kind: str, values: Values | None, goal: Goal, form: FittedForm) -> None:
    if not values:
        return

    def wrap(body: Expression) -> Expression | None:
        if not body.uses & binding.arena.focus:
            return None
        made = binding.assemble(form[0], body, form[1])
        return goal.wrap(made) if made is not None else None

    binding.aimed = True
    binding.arena.aim(Goal(kind, values, wrap, depth=goal.depth + 1, branching=True))
