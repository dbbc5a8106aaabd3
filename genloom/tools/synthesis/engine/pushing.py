"""Pushing down: what a comprehension's body must give on each element so that the whole gives what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena, Goal
from genloom.tools.synthesis.engine.binding import Binding
from genloom.tools.synthesis.engine.equivalence import FAILED, Values
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.forms import FILTER, MAP, TABLE, Form, element_kind
from genloom.tools.synthesis.engine.kinds import hashable, parts

__all__ = ["may_make", "push_down"]

FittedForm = tuple[Form, Operator]


def may_make(source: Expression, goal: Goal, shown: int) -> bool:
    """Whether a list or dictionary that is asked for has as many items as a sequence, on every row, or is part of it."""
    head = parts(goal.kind)[0]
    values = source.values[:shown]
    if head not in ("list", "dict") or FAILED in values or not any(goal.values):
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
    if not goal.values:
        return
    if head == "list":
        _aim(binding, arguments[0], binding.flatten(goal.values, outer.shown), goal, fitted[MAP])
        _aim(binding, "bool", _flags(binding, goal, outer.shown), goal, fitted[FILTER])
    if head == "dict" and hashable(element_kind(binding.source.kind)):
        _aim(binding, arguments[1], _entries(binding, goal, outer.shown), goal, fitted[TABLE])


def _flags(binding: Binding, goal: Goal, shown: int) -> Values | None:
    flags: list[bool] = []
    for elements, wanted in zip(binding.elements[:shown], goal.values, strict=True):
        chosen = None if elements is None else _kept(elements, wanted)
        if chosen is None or elements is None:
            return None
        flags.extend(chosen[: len(elements)])
    return tuple(flags) if len(set(flags)) == 2 else None


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
