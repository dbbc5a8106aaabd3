"""Stepping: expressions over a state as functions that can be applied again and again, with bounds on what they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena
from genloom.tools.synthesis.engine.equivalence import FAILED, TooLargeError, bounded
from genloom.tools.synthesis.engine.expression import CALL_ERRORS, Expression, Operator, evaluate
from genloom.tools.synthesis.engine.grammar import block
from genloom.tools.synthesis.engine.toolbox import Toolbox
from genloom.tools.synthesis.engine.vocabulary import stems

__all__ = [
    "CHOICE",
    "FUEL",
    "INCREMENTS",
    "STEP_BITS",
    "Env",
    "Step",
    "Stepper",
    "applied",
    "choices",
    "combinations",
    "grown",
    "guarded",
    "step_toolbox",
]

Env = Sequence[Any]
Step = Callable[[Env], Any]

FUEL = 400
"""Turns that one loop may take on one row."""
STEP_BITS = 20
"""The bits of the variables that a loop binds start here."""
_UNLOADED = ("", "import math", "import string")

CHOICE = Operator(
    code="{1} if {0} else {2}",
    takes=("bool", "T", "T"),
    gives="T",
    call=lambda test, then, other: then if test else other,
    cost=1,
    words=stems("if else when otherwise unless"),
)


def _plus_item(items: list[Any], item: Any) -> list[Any]:
    return [*items, item]


def _with_entry(table: dict[Any, Any], key: Any, value: Any) -> dict[Any, Any]:
    return {**table, key: value}


def _added(table: dict[Any, Any], key: Any, value: Any) -> dict[Any, Any]:
    return {**table, key: table.get(key, 0) + value}


def _gathered(table: dict[Any, Any], key: Any, value: Any) -> dict[Any, Any]:
    return {**table, key: [*table.get(key, []), value]}


INCREMENTS = (
    block("{0} + 1", "int -> int", "count number increase next", cost=1),
    block("{0} - 1", "int -> int", "decrease previous down", cost=1),
)
_GROWING = (
    block("{0} + [{1}]", "list[T],T -> list[T]", "append collect keep stack push", call=_plus_item, grows=True),
    block(
        "{{**{0}, {1}: {2}}}",
        "dict[K,T],K,T -> dict[K,T]",
        "group total count sum per by each",
        call=_with_entry,
        cost=2,
        grows=True,
    ),
    block(
        "{{**{0}, {1}: {0}.get({1}, 0) + {2}}}",
        "dict[K,num],K,num -> dict[K,num]",
        "total count sum per by each add",
        call=_added,
        cost=2,
        grows=True,
    ),
    block(
        "{{**{0}, {1}: [*{0}.get({1}, []), {2}]}}",
        "dict[K,list[T]],K,T -> dict[K,list[T]]",
        "group by collect per",
        call=_gathered,
        cost=2,
        grows=True,
    ),
)
"""What a loop does all the time: it fills a list or a dictionary."""


def step_toolbox(operators: Sequence[Operator], kinds: Sequence[str]) -> Toolbox:
    """The operators that the body of a loop may use: plain ones whose results are of these kinds, or tests."""
    plain = [op for op in operators if op.imports in _UNLOADED and (op.mask or op.cost <= 4)]
    return Toolbox([*plain, *_GROWING], (*kinds, "bool"), strict=True)


class Stepper:
    """Makes functions of expressions over named variables; those of parts that expressions share are made once.

    A function takes the variables' values in the order of `names`; it raises what its operators raise.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._slots: Mapping[str, int] = {name: slot for slot, name in enumerate(names)}
        self._made: dict[int, tuple[Expression, Step]] = {}

    def of(self, expression: Expression) -> Step:
        """The function of one expression."""
        known = self._made.get(id(expression))
        if known is None:
            known = self._made[id(expression)] = (expression, self._make(expression))
        return known[1]

    def _make(self, expression: Expression) -> Step:
        call, args = expression.op.call, [self.of(arg) for arg in expression.args]
        if not args:
            slot = self._slots.get(expression.op.code) if expression.uses else None
            if slot is None:
                value = expression.values[0]
                return lambda env: value
            return lambda env: env[slot]
        made = _applied(call, args)
        return made if not expression.op.grows else lambda env: bounded(made(env))


def _applied(call: Callable[..., Any], args: Sequence[Step]) -> Step:
    if len(args) == 1:
        (one,) = args
        return lambda env: call(one(env))
    if len(args) == 2:
        one, two = args
        return lambda env: call(one(env), two(env))
    one, two, three = args[:3]
    if call is CHOICE.call:
        return lambda env: two(env) if one(env) else three(env)
    return lambda env: call(one(env), two(env), three(env))


def guarded(run: Callable[..., Any], *arguments: Any) -> Any:
    """What a run gives; `FAILED` where it raises or outgrows its bounds."""
    try:
        return bounded(run(*arguments))
    except (*CALL_ERRORS, TooLargeError):
        return FAILED


def choices(
    tests: Sequence[Expression], updates: Sequence[Expression], others: Sequence[Expression], limit: int
) -> list[Expression]:
    """`update if test else other` for all of these, cheapest first, up to `limit`."""
    triples = sorted(
        (test.cost + one.cost + other.cost, first, place, second)
        for place, test in enumerate(tests)
        for first, one in enumerate(updates)
        for second, other in enumerate(others)
        if one is not other
    )
    return [_chosen((tests[place], updates[first], others[second])) for _, first, place, second in triples[:limit]]


def combinations(
    operators: Sequence[Operator], lefts: Sequence[Expression], rights: Sequence[Expression], kind: str, limit: int
) -> list[Expression]:
    """`left op right` for all of these, cheapest first, up to `limit`."""
    found = sorted(
        (op.cost + one.cost + other.cost, place, first, second)
        for place, op in enumerate(operators)
        for first, one in enumerate(lefts)
        for second, other in enumerate(rights)
    )
    return [
        applied(operators[place], (lefts[first], rights[second]), kind) for _, place, first, second in found[:limit]
    ]


def applied(op: Operator, args: tuple[Expression, ...], kind: str) -> Expression:
    """An operator applied to expressions, outside of an arena."""
    mask, uses, cost = op.mask, 0, op.cost
    for arg in args:
        mask |= arg.mask
        uses |= arg.uses
        cost += arg.cost
    return Expression(op, args, kind, evaluate(op, args), cost=cost, mask=mask, uses=uses)


def _chosen(args: tuple[Expression, Expression, Expression]) -> Expression:
    """That both branches go on from the same state is one thought."""
    test, then, other = args
    values = tuple(
        FAILED if known is FAILED else one if known else two
        for known, one, two in zip(test.values, then.values, other.values, strict=True)
    )
    mask, uses = test.mask | then.mask | other.mask, test.uses | then.uses | other.uses
    cost = test.cost + then.cost + other.cost - 1
    return Expression(CHOICE, args, then.kind, values, cost=cost, mask=mask, uses=uses)


def grown(arena: Arena, level: int) -> Arena:
    """The arena, grown up to a level."""
    while arena.level < level:
        arena.grow()
    return arena
