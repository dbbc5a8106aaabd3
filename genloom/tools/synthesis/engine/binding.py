"""A binding: a sequence whose elements a lambda's or comprehension's variable runs through, and the arena of its bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena
from genloom.tools.synthesis.engine.equivalence import FAILED, TooLargeError, Values, bounded
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.forms import Form, element_kind
from genloom.tools.synthesis.engine.kinds import parts

__all__ = ["Binding", "bind", "bound_names", "bound_variables", "variable"]

MAX_ROWS = 160
FIRST_BOUND_BIT = 16


def variable(name: str, kind: str, values: Values, *, bit: int, cost: int = 1) -> Expression:
    """An expression that reads a variable."""
    op = Operator(code=name, takes=(), gives=kind, call=_never, cost=cost)
    return Expression(op, (), kind, values, cost=cost, mask=0, uses=bit)


def _never(*_: Any) -> Any:
    raise TypeError("a variable is not called")


class Binding:
    """A source with the arena over its elements. `spans` tells which inner rows belong to each outer row; `None` where
    the source failed or its elements were too many."""

    def __init__(
        self,
        source: Expression,
        arena: Arena,
        seeds: list[Expression],
        names: tuple[str, ...],
        elements: list[list[Any] | None],
    ) -> None:
        self.source, self.arena, self.seeds, self.names = source, arena, seeds, names
        self.elements = elements
        self.aimed = False

    def assemble(self, form: Form, body: Expression, op: Operator, test: Expression | None = None) -> Expression | None:
        """Make the form's expression out of a body, over the elements that pass a test; `None` when it does not apply."""
        kind = form.gives(element_kind(self.source.kind), body.kind)
        if not kind:
            return None
        values, place = [], 0
        for elements in self.elements:
            count = len(elements) if elements is not None else 0
            found: Sequence[Any] = body.values[place : place + count]
            if test is not None:
                elements, found = _passing(elements, found, test.values[place : place + count])
            values.append(_assembled(form, elements, found))
            place += count
        args = (self.source, body) if test is None else (self.source, body, test)
        mask, uses = op.mask, 0
        for arg in args:
            mask |= arg.mask
            uses |= arg.uses
        idle = self._idle(body.uses if test is None else body.uses | test.uses)
        return Expression(
            op,
            args,
            kind,
            tuple(values),
            cost=op.cost + idle + sum(arg.cost for arg in args),
            mask=mask,
            uses=uses & ~self.arena.focus,
            binder=self.names,
        )

    def _idle(self, uses: int) -> int:
        """What it costs that a pair is taken apart and only one side is read."""
        return int(len(self.names) > 1 and (uses & self.arena.focus) != self.arena.focus)

    def flatten(self, outer: Sequence[Any], shown: int) -> Values | None:
        """Lay the elements of outer values on the inner rows; `None` when they are not as many as the source's."""
        flat: list[Any] = []
        for elements, values in zip(self.elements[:shown], outer, strict=True):
            if elements is None or len(elements) != len(values):
                return None
            flat.extend(values)
        return tuple(flat)


def _passing(
    elements: list[Any] | None, found: Sequence[Any], passed: Sequence[Any]
) -> tuple[list[Any] | None, Sequence[Any]]:
    if elements is None or FAILED in passed:
        return None, ()
    kept = [(item, value) for item, value, ok in zip(elements, found, passed, strict=True) if ok]
    return [item for item, _ in kept], [value for _, value in kept]


def _assembled(form: Form, elements: list[Any] | None, found: Sequence[Any]) -> Any:
    if elements is None or FAILED in found:
        return FAILED
    try:
        return bounded(form.assemble(elements, found))
    except (ValueError, TypeError, ArithmeticError, LookupError, TooLargeError):
        return FAILED


def bind(outer: Arena, source: Expression, seeds: Sequence[Expression]) -> Binding | None:
    """Open the arena over a source's elements; `None` when there are none, or too many."""
    elements: list[list[Any] | None] = []
    total = 0
    for place, value in enumerate(source.values):
        items = None if value is FAILED or value is None else list(value)
        if items is not None and place >= outer.shown and total + len(items) > MAX_ROWS:
            items = None
        total += len(items or ())
        elements.append(items)
    shown = sum(len(items or ()) for items in elements[: outer.shown])
    if not 0 < shown <= MAX_ROWS or total < 2:
        return None
    kind = element_kind(source.kind)
    names = bound_names(source, seeds, outer.depth)
    flat = [item for items in elements for item in items or ()]
    bound = bound_variables(kind, names, flat, FIRST_BOUND_BIT + 4 * outer.depth)
    focus = sum(seed.uses for seed in bound)
    inner = [*bound, *(_lift(seed, elements) for seed in seeds)]
    toolbox = outer.toolbox.for_characters() if source.kind == "str" else outer.toolbox
    arena = Arena(toolbox, outer.ledger, inner, shown=shown, focus=focus, depth=outer.depth + 1)
    return Binding(source, arena, inner, names, elements)


def bound_names(source: Expression, seeds: Sequence[Expression], depth: int = 0) -> tuple[str, ...]:
    """Readable names for the elements of a sequence, none of them taken."""
    return _free(_names(element_kind(source.kind), depth, source), seeds)


def _free(names: tuple[str, ...], seeds: Sequence[Expression]) -> tuple[str, ...]:
    """The names, changed where an outer variable has them."""
    taken = {seed.op.code for seed in seeds if seed.uses}
    return tuple(
        next(n for n in (name, f"each_{name}", f"inner_{name}", f"other_{name}_") if n not in taken) for name in names
    )


def _lift(seed: Expression, elements: list[list[Any] | None]) -> Expression:
    values = tuple(value for value, items in zip(seed.values, elements, strict=True) for _ in items or ())
    return Expression(seed.op, (), seed.kind, values, cost=seed.cost, mask=seed.mask, uses=seed.uses)


def bound_variables(kind: str, names: tuple[str, ...], flat: Sequence[Any], first: int) -> list[Expression]:
    """The variables that elements of a kind are bound to, one bit each from `first` on: one, or one for each side."""
    if len(names) == 1:
        return [variable(names[0], kind, tuple(flat), bit=1 << first)]
    return [
        variable(name, part, tuple(FAILED if item is None else item[place] for item in flat), bit=1 << (first + place))
        for place, (name, part) in enumerate(zip(names, parts(kind)[1], strict=True))
    ]


_NAMES = {
    "int": ("number", "value", "figure"),
    "float": ("number", "value", "figure"),
    "list": ("row", "cells", "group"),
}


def _names(kind: str, depth: int, source: Expression) -> tuple[str, ...]:
    """Readable names for what is bound, the same at one depth for one kind."""
    head, arguments = parts(kind)
    if head == "tuple" and 2 <= len(arguments) <= 4 and all(part != "?" for part in arguments):
        stems = _pair_names(source, arguments)
        return tuple(f"{name}{depth + 1}" if depth else name for name in stems)
    if kind == "str":
        splits = any(mark in source.op.code for mark in ("split", "findall", "wrap"))
        choices = (
            ("char", "letter", "mark")
            if source.kind == "str" or source.op.code == "list({0})"
            else ("word", "part", "piece")
            if splits
            else ("item", "text_part", "entry")
        )
    else:
        choices = _NAMES.get(head, ("item", "element", "entry"))
    return (choices[min(depth, 2)],)


def _pair_names(source: Expression, arguments: tuple[str, ...]) -> tuple[str, ...]:
    code = source.op.code
    if "enumerate" in code:
        return ("index", "item")
    if "items()" in code:
        return ("key", "value")
    if "groupby" in code:
        return ("key", "count")
    if "pairwise" in code:
        return ("before", "after")
    return ("left", "right", "third", "fourth")[: len(arguments)]
