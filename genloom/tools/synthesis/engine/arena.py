"""The arena: expressions over the same rows, enumerated bottom-up in order of cost, one for each behaviour.

Rows are inputs: first the examples' (`shown` of them, whose results are known), then probes, whose results are not. An
expression that gives on every row what a cheaper one gives is dropped (observational equivalence); probes keep apart what
the examples alone would not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import FAILED, Values, freezer, frozen, key_of
from genloom.tools.synthesis.engine.expression import Expression, Operator, evaluate
from genloom.tools.synthesis.engine.kinds import class_of, parts
from genloom.tools.synthesis.engine.ledger import Ledger, work_of
from genloom.tools.synthesis.engine.toolbox import Instance, Toolbox

__all__ = ["Arena", "Goal", "compatible"]

Wrap = Callable[[Expression], Expression | None]
_DOUBLING = frozenset({"{0} + {1}", "{0} * {1}", "list(itertools.product({0}, {1}))"})
"""The operators that say something new of a value and itself."""
FREE_CONSTANT_COST = 3
"""Up to this cost an arena of a lambda also holds expressions that do not read the bound variable."""


@dataclass(frozen=True, eq=False)
class Goal:
    """What some expression should give on the shown rows. `wrap` makes the whole answer of it; `branching` goals are also
    sought as conditionals; `depth` counts the steps back from the asked result."""

    kind: str
    values: Values
    wrap: Wrap
    depth: int = 0
    branching: bool = False

    @cached_property
    def divisible(self) -> bool:
        """Whether what it asks can be taken apart: `None` on a row has no parts."""
        return None not in self.values


def compatible(kind: str, wanted: str) -> bool:
    """Whether values of one class may be those of another: `?` and `any` fit everything."""
    if kind == wanted or "?" in (kind, wanted) or wanted == "any":
        return True
    head, arguments = parts(kind)
    other, others = parts(wanted)
    return head == other and len(arguments) == len(others) and all(map(compatible, arguments, others))


class Arena:
    """A bank of expressions by kind and cost. `focus` marks the variables that an expression must read to be worth
    keeping; `listeners` hear of each expression that is kept."""

    def __init__(
        self, toolbox: Toolbox, ledger: Ledger, seeds: Sequence[Expression], *, shown: int, focus: int, depth: int
    ) -> None:
        self.toolbox, self.ledger = toolbox, ledger
        self.shown, self.focus, self.depth = shown, focus, depth
        self.rows = len(seeds[0].values) if seeds else 0
        self.work = work_of(self.rows, max((_size_of(seed.values) for seed in seeds if seed.uses), default=0))
        self.level = 0
        self.bank: dict[str, dict[int, list[Expression]]] = {}
        self.fresh: list[Expression] = []
        self.goals: list[Goal] = []
        self._seen: dict[str, set[tuple[Hashable, ...]]] = {}
        self._instances: list[Instance] = []
        self._tables: dict[str, dict[tuple[Hashable, ...], list[Goal]]] = {}
        self._watching: dict[str, list[tuple[bool, dict[tuple[Hashable, ...], list[Goal]]]]] = {}
        self._index: dict[str, dict[tuple[Hashable, ...], list[Expression]]] = {}
        self._seeds: dict[int, list[Expression]] = {}
        for seed in seeds:
            self._seeds.setdefault(seed.cost, []).append(seed)

    # -- goals ------------------------------------------------------------------------------------------------------

    def aim(self, goal: Goal) -> None:
        """Watch for expressions that meet a goal; those that are there already meet it at once."""
        self.goals.append(goal)
        cls = class_of(goal.kind)
        table = self._tables.get(cls)
        if table is None:
            table = self._tables[cls] = {}
            self._watching.clear()
        key = tuple(map(frozen, goal.values)) if _loose(cls) else key_of(goal.kind, goal.values)
        table.setdefault(key, []).append(goal)
        for found in self.lookup(cls, key):
            goal.wrap(found)

    def lookup(self, cls: str, key: tuple[Hashable, ...]) -> list[Expression]:
        """Expressions of a class that give these values on the shown rows."""
        if not _loose(cls):
            return list(self._index.get(cls, {}).get(key, ()))
        return [
            e
            for kind, costs in self.bank.items()
            if compatible(class_of(kind), cls)
            for bucket in costs.values()
            for e in bucket
            if tuple(map(frozen, e.values[: self.shown])) == key
        ]

    def _meet(self, expression: Expression) -> None:
        kind = expression.kind
        watching = self._watching.get(kind)
        if watching is None:
            cls = class_of(kind)
            watching = [(_loose(name), table) for name, table in self._tables.items() if compatible(cls, name)]
            self._watching[kind] = watching
        for loose, table in watching:
            key = tuple(map(frozen, expression.values[: self.shown])) if loose else expression.key[: self.shown]
            for goal in table.get(key, ()):
                goal.wrap(expression)

    # -- enumeration ------------------------------------------------------------------------------------------------

    def grow(self) -> None:
        """Enumerate the expressions of the next cost."""
        self.level += 1
        for seed in self._seeds.get(self.level, ()):
            self.admit(seed)
        for instance in list(self._instances):
            self._apply(instance)

    def _apply(self, instance: Instance) -> None:
        op, kinds, gives = instance
        rest = self.level - op.cost
        if rest < len(kinds):
            return
        banks = [self.bank.get(kind, {}) for kind in kinds]
        if len(kinds) == 1:
            for a in banks[0].get(rest, ()):
                self._try(op, (a,), gives)
        elif len(kinds) == 2:
            self._apply_pairs(op, gives, banks, rest)
        else:
            self._apply_triples(op, gives, banks, rest)

    def _apply_pairs(self, op: Operator, gives: str, banks: Sequence[dict[int, list[Expression]]], rest: int) -> None:
        left, right = banks
        mirrored = op.symmetric and left is right
        for cost in sorted(left):
            others = right.get(rest - cost)
            if not others or (mirrored and cost > rest - cost):
                continue
            for place, a in enumerate(left[cost]):
                for b in others[place:] if mirrored and cost == rest - cost else others:
                    if a is not b or op.code in _DOUBLING:
                        self._try(op, (a, b), gives)

    def _apply_triples(self, op: Operator, gives: str, banks: Sequence[dict[int, list[Expression]]], rest: int) -> None:
        first, second, third = banks
        for cost in sorted(first):
            for other in sorted(second):
                for c in third.get(rest - cost - other, ()):
                    for a in first[cost]:
                        for b in second[other]:
                            self._try(op, (a, b, c), gives)

    def _try(self, op: Operator, args: tuple[Expression, ...], gives: str) -> None:
        uses = 0
        for arg in args:
            uses |= arg.uses
        if not uses or (not uses & self.focus and self.level > FREE_CONSTANT_COST):
            return
        self.ledger.spend(self.work + (freezer(gives) is frozen))  # a key that takes as long as the value counts, too
        values = evaluate(op, args)
        key = key_of(gives, values)
        seen = self._seen.get(gives)
        if seen is not None and key in seen:
            return
        if FAILED in values and all(value is FAILED for value in values[: self.shown]):
            return
        idle = self._is_idle(args, gives, values)
        if idle and not op.mask:
            return
        mask = 0 if idle else op.mask
        for arg in args:
            mask |= arg.mask
        made = Expression(op, args, gives, values, cost=self.level, mask=mask, uses=uses)
        self._keep(made, key)

    def _is_idle(self, args: tuple[Expression, ...], gives: str, values: Values) -> bool:
        """Whether no example shows that the operator does anything to one of its arguments."""
        shown = values[: self.shown]
        return any(arg.kind == gives and arg.uses and arg.values[: self.shown] == shown for arg in args)

    def admit(self, expression: Expression) -> bool:
        """Take in an expression made elsewhere (a seed, a higher-order form), unless its behaviour is known."""
        key = key_of(expression.kind, expression.values)
        seen = self._seen.get(expression.kind)
        if (seen is not None and key in seen) or all(value is FAILED for value in expression.values[: self.shown]):
            return False
        self._keep(expression, key)
        return True

    def _keep(self, expression: Expression, key: tuple[Any, ...]) -> None:
        kind = expression.kind
        expression.key = key
        if "[" in kind:
            self.ledger.hold(
                sum(len(value) for value in expression.values if value is not FAILED and value is not None)
            )
        if kind not in self.bank:
            self._instances += self.toolbox.instances(kind, self.bank)
            self.bank[kind] = {}
            self._seen[kind] = set()
        self._seen[kind].add(key)
        self.bank[kind].setdefault(max(self.level, 1), []).append(expression)
        self._index.setdefault(class_of(kind), {}).setdefault(key[: self.shown], []).append(expression)
        self.fresh.append(expression)
        self._meet(expression)

    def take_fresh(self) -> list[Expression]:
        """The expressions that were kept since this was last called."""
        taken, self.fresh = self.fresh, []
        return taken

    def expressions_at(self, cost: int) -> list[Expression]:
        """All expressions that were kept at one cost."""
        return [e for costs in self.bank.values() for e in costs.get(cost, ())]

    def expressions(self, kinds: Iterable[str]) -> list[Expression]:
        """All expressions of some kinds, cheapest first."""
        found = [e for kind in kinds for bucket in self.bank.get(kind, {}).values() for e in bucket]
        return sorted(found, key=_cost)


def _size_of(values: Values) -> int:
    """How many items the values of one expression hold, two levels deep."""
    total = 0
    for value in values:
        if isinstance(value, list | tuple | dict):
            total += len(value)
            total += sum(len(item) for item in value if isinstance(item, str | list | tuple))
        elif isinstance(value, str):
            total += len(value)
    return total


def _cost(expression: Expression) -> int:
    return expression.cost


def _loose(cls: str) -> bool:
    return "?" in cls or "any" in cls
