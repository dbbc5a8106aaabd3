"""A machine: the steps of one state's kind over one sequence, tried in order of cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena
from genloom.tools.synthesis.engine.binding import bound_names, bound_variables, variable
from genloom.tools.synthesis.engine.constants import constant
from genloom.tools.synthesis.engine.equivalence import FAILED, frozen, key_of
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.finishing import LOOP_BIT, Finishing
from genloom.tools.synthesis.engine.fold_forms import ACCUMULATE, FOLD, FOLD_TWO, LOW, PEAK, SCAN
from genloom.tools.synthesis.engine.forms import element_kind
from genloom.tools.synthesis.engine.kinds import class_of, kind_of, parts, unify
from genloom.tools.synthesis.engine.ledger import TURNS, Ledger
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.passes import last_of_two, length_of, states_of
from genloom.tools.synthesis.engine.stepping import (
    INCREMENTS,
    STEP_BITS,
    Step,
    Stepper,
    applied,
    choices,
    combinations,
    grown,
    guarded,
    step_toolbox,
)

__all__ = ["INITIAL", "Machine"]

SAMPLES = 14
STEP_LEVELS = 5
MAX_TESTS, MAX_UPDATES, MAX_FEATURES, MAX_OTHERS, MAX_COMPOSED = 24, 24, 10, 5, 600
MAX_PAIRED = 36
FREE_COST = 5
"""What costs more than this in a step is only tried where the first example shows that it may be right."""
_COMBINING = frozenset({"{0} + {1}", "{0} - {1}", "{0} * {1}", "max({0}, {1})", "min({0}, {1})"})

INITIAL: dict[str, tuple[Any, ...]] = {"int": (0, 1), "float": (0, 1), "str": ("",), "list": ([],), "dict": ({},)}
_NAMES = {"int": "total", "float": "total", "str": "built", "list": "found", "dict": "table"}


class Machine:
    """The steps of one state's kind over one sequence."""

    def __init__(self, material: Material, ledger: Ledger, source: Expression, kind: str, finishing: Finishing) -> None:
        self.material, self.ledger, self.source, self.kind = material, ledger, source, kind
        self.finishing = finishing
        self.element = element_kind(source.kind)
        taken = set(material.problem.parameters)
        self.items = bound_names(source, material.seeds)
        base = _NAMES[parts(kind)[0]]
        self.state = next(n for n in (base, f"{base}_so_far", "result") if n not in taken and n not in self.items)
        self.other = next(n for n in ("last", "other", "second") if n not in taken and n not in self.items)
        self.names = (self.state, *self.items)
        self._elsewhere = material.focus if len(self.items) > 1 else 0
        self.wanted = tuple(map(frozen, material.wanted))
        self.direct = class_of(kind) == class_of(material.problem.gives)
        self.starts = self._starts()
        self.stepper = Stepper((*self.names, *material.problem.parameters))
        self.arena = self._arena(two=False)
        self._further: dict[int, list[Expression]] | None = None
        self._pairs: Iterator[tuple[int, Expression, Expression]] | None = None

    # -- what steps are made of -------------------------------------------------------------------------------------

    def _arena(self, *, two: bool) -> Arena:
        material = self.material
        picked = self._sampled()
        states = self._pool(self.kind)
        columns = [states[place % len(states)] for place in range(len(picked))]
        first = 1 << STEP_BITS
        seeds = [variable(self.state, self.kind, tuple(columns), bit=first)]
        if two:
            turned = [states[(place * 3 + 1) % len(states)] for place in range(len(picked))]
            seeds.append(variable(self.other, self.kind, tuple(turned), bit=first << 1))
        seeds += bound_variables(self.element, self.items, [item for _, item in picked], STEP_BITS + 2)
        focus = sum(seed.uses for seed in seeds)
        for place, (name, kind) in enumerate(zip(material.problem.parameters, material.problem.kinds, strict=True)):
            if material.arguments[place] is not self.source and not element_kind(kind):
                column = tuple(material.rows[row][place] for row, _ in picked)
                seeds.append(variable(name, kind, column, bit=1 << place))
        for known in material.constants:
            seeds.append(constant(known.values[0], len(picked), cost=known.cost, mask=known.mask))
        if "int" in (self.kind, self.element):
            seeds.append(constant(10, len(picked), cost=2))
        plain = [kind for kind in material.problem.kinds if not element_kind(kind)]
        kinds = (self.kind, self.element, *plain, *(["int"] if self.kind == "str" else []))
        toolbox = step_toolbox(material.operators, kinds)
        return Arena(toolbox, self.ledger, seeds, shown=len(picked), focus=focus, depth=1)

    def _sampled(self) -> list[tuple[int, Any]]:
        """Some elements with their rows, from everywhere."""
        pairs = [
            (row, item)
            for row, value in enumerate(self.source.values)
            if value is not FAILED and value is not None
            for item in list(value)[:8]
        ]
        step = max(1, len(pairs) // SAMPLES)
        return pairs[::step][: SAMPLES + 4]

    def _pool(self, kind: str) -> list[Any]:
        """States that may well come up."""
        head = parts(kind)[0]
        pool = list(INITIAL[head])
        pool += [value for value in self.material.wanted if kind_of(value) == kind]
        items = [item for _, item in self._sampled() if kind_of(item) == kind]
        pool += items[:5]
        if head in ("int", "float"):
            pool += [3, 7, 2, 12, -4]
        if head == "list":
            pool += [[item] for _, item in self._sampled()[:3] if f"list[{kind_of(item)}]" == kind]
        distinct = {frozen(value): value for value in pool}
        return list(distinct.values())

    def _starts(self) -> list[tuple[Expression, Expression]]:
        """Where to begin: a constant, an argument, or the sequence's first element before the others."""
        rows = len(self.source.values)
        head = parts(self.kind)[0]
        found = [(self.source, constant(value, rows)) for value in INITIAL[head]]
        found += [(self.source, argument) for argument in self.material.arguments if argument.kind == self.kind]
        if self.element == self.kind or {self.element, self.kind} == {"int", "float"}:
            head_op, rest_op = (self._operator(code) for code in ("{0}[0]", "{0}[1:]"))
            if head_op is not None and rest_op is not None:
                found.append((_made(rest_op, self.source, self.source.kind), _made(head_op, self.source, self.element)))
        return found

    def _operator(self, code: str) -> Operator | None:
        return next((op for op in self.material.operators if op.code == code and op.takes[0] == "seq[T]"), None)

    # -- going up in cost -------------------------------------------------------------------------------------------

    def extend(self, level: int) -> None:
        """Try the steps of one cost."""
        if not self.arena.shown:
            return
        if level <= STEP_LEVELS:
            self.arena.grow()
            for body in self.arena.expressions_at(level):
                if body.kind == self.kind and body.uses & 1 << STEP_BITS and body.args:
                    self._try(body)
        else:
            if self._further is None:
                self._further = self._composed()
            for body in self._further.pop(level, ()):
                self._try(body)
        self._extend_pairs(level)

    def _composed(self) -> dict[int, list[Expression]]:
        """Steps beyond what is enumerated, by cost: an update combined with something of the element, or under a test."""
        state = 1 << STEP_BITS
        known = sorted(self.arena.expressions([self.kind]), key=_worth)
        own = [e for e in known if e.uses == state and not e.args]
        features = [e for e in known if not e.uses & state and e.cost < STEP_LEVELS][:MAX_FEATURES]
        tests = sorted((e for e in self.arena.expressions(["bool"]) if e.uses >= state), key=_worth)[:MAX_TESTS]
        plain = [op for op in self.arena.toolbox.operators if op.code in _COMBINING and self._takes_two(op)]
        counted = [applied(op, (e,), self.kind) for e in own for op in INCREMENTS if self.kind == "int"]
        updates = [*counted, *combinations(plain, own, features, self.kind, MAX_UPDATES)]
        if self.kind not in ("int", "float"):
            updates += [e for e in known if e.uses & state and e.args][:MAX_UPDATES]
        others = [*own, *features[:MAX_OTHERS], *updates[:MAX_OTHERS]]
        found = [
            *updates,
            *combinations(plain, updates, features[:MAX_OTHERS], self.kind, MAX_COMPOSED),
            *choices(tests, updates[:MAX_UPDATES], others, MAX_COMPOSED),
        ]
        by_cost: dict[int, list[Expression]] = {}
        seen = {key_of(self.kind, body.values) for body in known}
        for body in sorted(found, key=lambda e: e.cost):
            key = key_of(self.kind, body.values)
            if key not in seen:
                seen.add(key)
                by_cost.setdefault(max(body.cost, STEP_LEVELS + 1), []).append(body)
        return by_cost

    def _takes_two(self, op: Operator) -> bool:
        return all(unify(pattern, self.kind, {}) for pattern in op.takes)

    def _try(self, body: Expression) -> None:
        step = self.stepper.of(body)
        for source, start in self.starts:
            self.ledger.spend()
            runs = self._run(step, source, start, early=body.cost > FREE_COST)
            if runs is None:
                continue
            finals, scans = runs
            self._offer(FOLD, (source, body, start), self.kind, finals)
            if self.kind in ("int", "float") and self.direct:
                for op in (PEAK, LOW):
                    self._offer_extreme(op, source, body, start, scans)
            if source is self.source:
                self._offer(SCAN, (source, body, start), f"list[{self.kind}]", scans)
            elif not body.uses & self._elsewhere:
                from_first = [
                    FAILED if states is FAILED else [first, *states]
                    for first, states in zip(start.values, scans, strict=True)
                ]
                whole = [
                    [] if items == [] else states for items, states in zip(self.source.values, from_first, strict=True)
                ]
                self._offer(ACCUMULATE, (self.source, body), f"list[{self.kind}]", whole)

    def _offer_extreme(
        self, op: Operator, source: Expression, body: Expression, start: Expression, scans: list[Any]
    ) -> None:
        """The largest or smallest state on the way, where that is what is wanted."""
        values = [
            FAILED if states is FAILED else op.call([first, *states])
            for first, states in zip(start.values, scans, strict=True)
        ]
        if all(frozen(value) == wanted for value, wanted in zip(values, self.wanted, strict=False)):
            self._offer(op, (source, body, start), self.kind, values)

    def _run(
        self, step: Step, source: Expression, start: Expression, *, early: bool
    ) -> tuple[list[Any], list[Any]] | None:
        """The last states and all states, by row; `None` when the first row shows that it cannot be."""
        finals, scans = [], []
        for row, (items, first) in enumerate(zip(source.values, start.values, strict=True)):
            states = states_of(step, first, items, self.material.rows[row], len(self.items))
            self.ledger.charge(len(states or ()) // TURNS)
            final = FAILED if states is None else states[-1]
            finals.append(final)
            scans.append(FAILED if states is None else states[1:])
            if early and row < self.material.shown and not self._may_meet(row, final, scans[-1], first):
                return None
        return finals, scans

    def _may_meet(self, row: int, final: Any, scan: Any, first: Any) -> bool:
        """Whether what is wanted is the last state, all states, or a plain reduction of them."""
        wanted = self.wanted[row]
        if final is FAILED:
            return False
        states = [first, *scan]
        if wanted in (frozen(final), frozen(scan), frozen(states)):
            return True
        return self.direct and self.kind in ("int", "float") and wanted in (max(states), min(states))

    def _offer(self, op: Operator, args: tuple[Expression, ...], kind: str, values: list[Any]) -> None:
        fitted = self.material.lexicon.fit(op)
        mask, uses, cost = fitted.mask, LOOP_BIT, fitted.cost
        for arg in args:
            mask |= arg.mask
            uses |= arg.uses & ((1 << STEP_BITS) - 1)
            cost += arg.cost
        names = (self.state, self.other, *self.items) if op is FOLD_TWO else self.names
        self.finishing.offer(Expression(op, args, kind, tuple(values), cost=cost, mask=mask, uses=uses, binder=names))

    # -- two states ---------------------------------------------------------------------------------------------------

    def _extend_pairs(self, level: int) -> None:
        """Steps of two states, the result being the first of them; only those that meet the goal as they stand."""
        if not self.direct or parts(self.kind)[0] not in ("int", "float", "str"):
            return
        if self._pairs is None:
            self._pairs = iter(self._paired())
            self._two = Stepper((self.state, self.other, *self.items, *self.material.problem.parameters))
            self._ahead = next(self._pairs, None)
        while self._ahead is not None and self._ahead[0] <= level:
            self._try_pair(self._ahead[1], self._ahead[2])
            self._ahead = next(self._pairs, None)

    def _paired(self) -> list[tuple[int, Expression, Expression]]:
        arena = grown(self._arena(two=True), 4)
        bodies = arena.expressions([self.kind])
        first, second = 1 << STEP_BITS, 1 << (STEP_BITS + 1)
        own = [e for e in bodies if e.uses & second][:MAX_PAIRED]
        others = [e for e in bodies if e.uses >= first and not (not e.args and e.uses & second)][:MAX_PAIRED]
        found = [(a.cost + b.cost, x, y, a, b) for x, a in enumerate(own) for y, b in enumerate(others)]
        found.sort(key=lambda entry: entry[:3])
        return [(cost, a, b) for cost, _, _, a, b in found]

    def _try_pair(self, one: Expression, other: Expression) -> None:
        own, turned = self._two.of(one), self._two.of(other)
        for source, start in self.starts:
            for _, second in self.starts[: len(INITIAL[parts(self.kind)[0]])]:
                self.ledger.spend()
                values: list[Any] = []
                for row, (items, a, b) in enumerate(zip(source.values, start.values, second.values, strict=True)):
                    self.ledger.charge(length_of(items) // TURNS)
                    values.append(last_of_two(own, turned, (a, b), items, self.material.rows[row], len(self.items)))
                    if row < self.material.shown and frozen(values[-1]) != self.wanted[row]:
                        break
                else:
                    self._offer(FOLD_TWO, (source, one, other, start, second), self.kind, values)


def _worth(expression: Expression) -> int:
    return expression.cost - 2 * expression.mask.bit_count()


def _made(op: Operator, arg: Expression, kind: str) -> Expression:
    values = tuple(FAILED if value is FAILED else guarded(op.call, value) for value in arg.values)
    return Expression(op, (arg,), kind, values, cost=op.cost + arg.cost - 1, mask=op.mask | arg.mask, uses=arg.uses)
