"""Expressions: operators applied to expressions, with the values they give on every row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import FAILED, TooLargeError, Values, bounded

__all__ = ["CALL_ERRORS", "Expression", "Operator", "evaluate"]


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """One building block. `code` is a template over its arguments' code; `words` are the stems of a prompt that suggest
    it; `grows` says that its values must be bounded; a `special` one is offered only where
    the prompt suggests it."""

    code: str
    takes: tuple[str, ...]
    gives: str
    call: Callable[..., Any]
    cost: int = 2
    words: frozenset[str] = frozenset()
    imports: str = ""
    grows: bool = False
    symmetric: bool = False
    mask: int = 0
    special: bool = False

    def with_cost(self, cost: int, mask: int) -> Operator:
        """The operator as one search sees it."""
        return replace(self, cost=cost, mask=mask)


class Expression:
    """An operator with its arguments. `cost` is that of the whole tree, `mask` the prompt's words that it covers, `uses`
    the variables that it reads (a bit each), `values` one value a row (`FAILED` where it raises).

    `binder` holds the names of the variables that a higher-order form binds in its second argument.
    """

    __slots__ = ("args", "binder", "cost", "key", "kind", "mask", "op", "partial", "uses", "values")

    def __init__(
        self,
        op: Operator,
        args: tuple[Expression, ...],
        kind: str,
        values: Values,
        *,
        cost: int,
        mask: int,
        uses: int,
        binder: tuple[str, ...] = (),
    ) -> None:
        self.op = op
        self.args = args
        self.kind = kind
        self.values = values
        self.cost = cost
        self.mask = mask
        self.uses = uses
        self.binder = binder
        self.partial = FAILED in values
        self.key: tuple[Any, ...] = ()


CALL_ERRORS = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError, TooLargeError),
    *(RecursionError, StopIteration, OSError),
)


def evaluate(op: Operator, args: tuple[Expression, ...]) -> Values:
    """Apply an operator row by row; a row where an argument failed, or where it raises, gives `FAILED`."""
    for arg in args:
        if arg.partial:
            break
    else:
        try:
            values = tuple(map(op.call, *[arg.values for arg in args]))
            return tuple(map(bounded, values)) if op.grows else values
        except CALL_ERRORS:
            pass
    return tuple([_one_row(op, row) for row in zip(*[arg.values for arg in args], strict=True)])


def _one_row(op: Operator, row: Values) -> Any:
    if any(value is FAILED for value in row):
        return FAILED
    try:
        value = op.call(*row)
        return bounded(value) if op.grows else value
    except CALL_ERRORS:
        return FAILED
