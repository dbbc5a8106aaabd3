"""The explorer: an arena that grows together with the higher-order forms over its sequences, and with what watches it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from genloom.tools.synthesis.engine.arena import Arena, Goal
from genloom.tools.synthesis.engine.binding import Binding, bind
from genloom.tools.synthesis.engine.conditionals import Splitter
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.forms import FILTER, MAP, Form, element_kind
from genloom.tools.synthesis.engine.pushing import may_make, push_down, sieves_of

__all__ = ["Explorer", "FittedForm", "Watcher"]

FittedForm = tuple[Form, Operator]
MAX_BINDINGS = (28, 5, 0)
MAX_SOURCE_COST = (7, 4, 0)
AIMED_BONUS = 2
MAX_BODY_LEVEL = 8
MAX_DECOMPOSED = 2
"""Of the texts that the elements of one sequence should give, so many are put together from parts."""


class Watcher(Protocol):
    """What sees every expression that an arena keeps."""

    def observe(self, expression: Expression) -> None: ...

    def conclude(self) -> None: ...


Decompose = Callable[[Arena, Goal], Watcher]


class Explorer:
    """Grows an arena by one cost at a time: operators first, then forms over its sequences, whose bodies come from arenas
    of their own."""

    def __init__(
        self,
        arena: Arena,
        seeds: Sequence[Expression],
        forms: Sequence[FittedForm],
        *,
        leaving: frozenset[str] = frozenset(),
        decompose: Decompose | None = None,
    ) -> None:
        self.arena, self.seeds, self.forms, self.leaving = arena, seeds, forms, leaving
        self._decompose = decompose
        self.sift = next(op for form, op in forms if form is FILTER)
        self.watchers: list[Watcher] = []
        self._bindings: list[tuple[Binding, Explorer]] = []
        self._due: dict[int, list[tuple[Binding, FittedForm, Expression]]] = {}
        self._splitting: set[int] = set()

    def grow(self, progress: Callable[[int], None] | None = None) -> None:
        """Enumerate everything of the next cost."""
        self.arena.grow()
        level = self.arena.level
        self._look_around()
        for binding, inner in list(self._bindings):
            self._extend(binding, inner, level)
        for binding, (form, op), body in self._due.pop(level, ()):
            self.arena.ledger.spend(binding.arena.work)
            made = binding.assemble(form, body, op)
            if made is not None:
                self.arena.admit(made)
        self._look_around()
        for watcher in self.watchers:
            watcher.conclude()
        if progress:
            progress(level)

    def _look_around(self) -> None:
        self._split_goals()
        for expression in self.arena.take_fresh():
            for watcher in self.watchers:
                watcher.observe(expression)
            self._consider(expression)

    def _split_goals(self) -> None:
        for goal in self.arena.goals:
            if goal.branching and "conditionals" not in self.leaving and id(goal) not in self._splitting:
                self._splitting.add(id(goal))
                self.watchers.append(Splitter(self.arena, goal))

    def _consider(self, expression: Expression) -> None:
        """Open an arena over a new sequence, while there is room; there is more for one that a goal may be made of."""
        depth = min(self.arena.depth, 2)
        if "forms" in self.leaving or len(self._bindings) >= 2 * MAX_BINDINGS[depth]:
            return
        if not expression.uses & self.arena.focus or not _is_source(expression, MAX_SOURCE_COST[depth]):
            return
        promising = any(may_make(expression, goal, self.arena.shown) for goal in self.arena.goals)
        room = MAX_BINDINGS[depth] * (2 if promising else 1)
        if len(self._bindings) >= room or not (promising or _is_natural(expression)):
            return
        binding = bind(self.arena, expression, self.seeds)
        if binding is None:
            return
        inner = Explorer(binding.arena, binding.seeds, self.forms, leaving=self.leaving)
        if "decomposition" not in self.leaving:
            for goal in list(self.arena.goals):
                push_down(binding, goal, self.arena, self.forms)
            inner.watchers += sieves_of(binding, self.arena.goals, self.arena.shown, self.sift)
            if self._decompose is not None:
                texts = [goal for goal in binding.arena.goals if goal.kind == "str"]
                inner.watchers += [self._decompose(binding.arena, goal) for goal in texts[:MAX_DECOMPOSED]]
        binding.aimed = binding.aimed or bool(inner.watchers)
        self._bindings.append((binding, inner))

    def _extend(self, binding: Binding, inner: Explorer, level: int) -> None:
        target = level - binding.source.cost - 1 + (AIMED_BONUS if binding.aimed else 0)
        while inner.arena.level < min(target, MAX_BODY_LEVEL):
            inner.grow()
            for body in inner.arena.expressions_at(inner.arena.level):
                if body.uses & inner.arena.focus:
                    self._schedule(binding, body, level)

    def _schedule(self, binding: Binding, body: Expression, level: int) -> None:
        element = element_kind(binding.source.kind)
        for form, op in self.forms:
            if form.gives(element, body.kind) and not (form.needs_work and not body.args):
                cost = max(level, binding.source.cost + body.cost + op.cost)
                self._due.setdefault(cost, []).append((binding, (form, op), body))


_VARIANTS = frozenset(
    {
        "{0}[1:]",
        "{0}[:-1]",
        "{0}[::-1]",
        "{0}[::2]",
        "{0}[1::2]",
        "sorted({0})",
        "sorted({0}, reverse=True)",
        "{0} + {1}",
    }
)
_TEXT_SOURCES = frozenset({"str({0})", "{0}.lower()"})
_WRAPPERS = frozenset({"list({0})", "[{0}]", "[{0}, {1}]", "({0}, {1})"})


def _is_source(expression: Expression, limit: int) -> bool:
    if not element_kind(expression.kind) or expression.cost > limit or expression.op.code in _WRAPPERS:
        return False
    if expression.kind == "str":
        return not expression.args or expression.op.code in _TEXT_SOURCES
    return expression.op.code != MAP.op.code


def _is_natural(expression: Expression) -> bool:
    """Whether one would go through this sequence without a special reason."""
    return bool(expression.op.mask) or expression.op.code not in _VARIANTS
