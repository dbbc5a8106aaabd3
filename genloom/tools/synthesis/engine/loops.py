"""Loops on numbers: `while` on one or two numbers, what they come to, and what is made of the numbers on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.binding import variable
from genloom.tools.synthesis.engine.constants import constant
from genloom.tools.synthesis.engine.drafting import Draft
from genloom.tools.synthesis.engine.equivalence import FAILED, frozen, key_of
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.finishing import LOOP_BIT, Finishing
from genloom.tools.synthesis.engine.kinds import parts
from genloom.tools.synthesis.engine.ledger import TURNS, Ledger
from genloom.tools.synthesis.engine.machine import Machine
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.orbits import comes_to_an_end, end_of_two
from genloom.tools.synthesis.engine.solver import MAX_RANK
from genloom.tools.synthesis.engine.stepping import (
    CHOICE,
    STEP_BITS,
    Stepper,
    applied,
    choices,
    combinations,
)
from genloom.tools.synthesis.engine.vocabulary import stems

__all__ = ["Loops"]

_SAMPLES = (7, 12, 1, 30, 5, 0, 64, 9, 2, 100, 27, 3, 18)
_LINEAR = ("{0} // {1}", "{0} - {1}", "{0} + {1}", "{0} * {1}")
_SHIFTS = ("{0} + {1}", "{0} - {1}")
_COMPARED = ("{0} < {1}", "{0} != {1}", "{0} % {1} == 0", "{0} <= {1}")
_PARTING = ("{0} % {1} == 0", "{0} < {1}")
MAX_STEPS, MAX_TESTS, MAX_CHOICES = 40, 24, 900
MAX_ACCUMULATED = 3
"""Over so many loops an accumulator is tried besides."""
MAX_TWO = 2_000
HEAD_START = 4
"""An accumulator's steps come so much later than the loop that it goes along with."""
FREE_COST = 9
"""A loop that costs more is only tried where the first example shows that it may be right."""

_LOOP_WORDS = stems("until while step repeat reach times halve digit sequence again keep")
_SETTLE = Operator(
    code="settle({0}, lambda {v}: {1}, lambda {v}: {2})", takes=(), gives="", call=len, cost=2, words=_LOOP_WORDS
)
_ORBIT = Operator(
    code="orbit({0}, lambda {v}: {1}, lambda {v}: {2})", takes=(), gives="", call=len, cost=2, words=_LOOP_WORDS
)
_TRACK = Operator(
    code="track({0}, lambda {v}: {1}, lambda {v}: {2})", takes=(), gives="", call=len, cost=2, words=_LOOP_WORDS
)
_SETTLE_TWO = Operator(
    code="settle_two(({0}, {1}), lambda {v}: {2}, lambda {v}: ({3}, {4}))",
    takes=(), gives="", call=len, cost=2, words=_LOOP_WORDS,
)  # fmt: skip


class Loops:
    """Tries loops in order of cost: where to begin, how long to go on, what each turn does."""

    def __init__(self, material: Material, ledger: Ledger) -> None:
        self.material, self.ledger = material, ledger
        self.finishing = Finishing(material, ledger, share=ledger.budget // 4)
        self.rows = len(material.rows)
        self.wanted = tuple(map(frozen, material.wanted))
        taken = set(material.problem.parameters)
        self.state, self.other = (
            next(name for name in names if name not in taken)
            for names in (("number", "current", "value", "state"), ("rest", "other", "second", "another"))
        )
        self.numbers = [e for e in material.arguments if e.kind == "int"]
        self.stepper = Stepper((self.state, *material.problem.parameters))
        self.two = Stepper((self.state, self.other, *material.problem.parameters))
        self._accumulated: list[Machine] = []

    def run(self, progress: Callable[[int, int], None]) -> str:
        """Go up in cost, loops of one and of two numbers abreast."""
        if not self.numbers or not self.material.shown:
            return "confidence"
        single, double = self._single(), self._double()
        one, two = next(single, None), next(double, None)
        for level in range(1, MAX_RANK):
            while one is not None and one[0] <= level:
                self._try(*one[1:])
                one = next(single, None)
            while two is not None and two[0] <= level:
                self._try_two(*two[1:])
                two = next(double, None)
            for machine in self._accumulated:
                machine.extend(level - HEAD_START)
            more = self.finishing.grow()
            progress(level, self.ledger.candidates)
            self.ledger.look()
            if not more:
                return ""
        return "confidence"

    def drafts(self) -> list[Draft]:
        """The programs that were found."""
        return self.finishing.drafts()

    # -- what loops are made of ---------------------------------------------------------------------------------------

    def _states(self, names: Sequence[str]) -> tuple[list[Expression], list[Expression]]:
        """The states, and the numbers that they are changed by and compared with, on states that may well come up."""
        count = len(_SAMPLES)
        states = [
            variable(name, "int", tuple(_SAMPLES[(row * (3 * place + 1) + 2 * place) % count] for row in range(count)),
                     bit=1 << (STEP_BITS + place))
            for place, name in enumerate(names)
        ]  # fmt: skip
        offered = dict.fromkeys((2, 10, 1, 3, 0), 1)
        for known in self.material.constants:
            if known.kind == "int":
                offered.setdefault(known.values[0], known.cost)
        numbers = [
            variable(argument.op.code, "int", tuple(argument.values[row % self.rows] for row in range(count)),
                     bit=argument.uses)
            for argument in self.numbers
        ]  # fmt: skip
        return states, numbers + [constant(value, count, cost=cost) for value, cost in offered.items()]

    def _operators(self, codes: Sequence[str], cost: int) -> list[Operator]:
        known = {op.code: op for op in self.material.operators if op.takes and op.takes[0] in ("num", "int", "T")}
        return [known[code].with_cost(cost, known[code].mask) for code in codes if code in known]

    def _single(self) -> Iterator[tuple[int, Expression, Expression, Expression]]:
        (state,), numbers = self._states((self.state,))
        linear = _changing(combinations(self._operators(_LINEAR, 1), [state], numbers, "int", MAX_STEPS), state)
        scaled = [e for e in linear if e.op.code == "{0} * {1}"]
        ones = [e for e in numbers if not e.uses and e.values[0] == 1]
        affine = combinations(self._operators(_SHIFTS, 1), scaled, ones, "int", MAX_STEPS)
        square = [applied(op, (state,), "int") for op in self._operators(("{0} ** 2",), 2)]
        tests = combinations(self._operators(_COMPARED, 1), [state, *square], numbers, "bool", MAX_TESTS)
        tests += combinations(
            self._operators(("{0} < {1}", "{0} <= {1}"), 1), numbers, [state, *square], "bool", MAX_TESTS
        )
        parities = combinations(self._operators(_PARTING, 1), [state], numbers, "bool", 8)
        falling = [e for e in linear if e.op.code in ("{0} // {1}", "{0} - {1}") and e.cost <= 3]
        parted = choices(_distinct(parities)[:3], falling, [*affine, *linear], MAX_CHOICES)
        steps = _distinct([*linear, *affine, *parted])
        tests = _distinct(tests)
        starts = [*self.numbers, *(constant(value, self.rows) for value in (1, 0, 2))]
        asked = self.material.focus
        found = [
            (start.cost + test.cost + step.cost + _SETTLE.cost, place, number, which)
            for place, start in enumerate(starts)
            for number, test in enumerate(tests)
            for which, step in enumerate(steps)
            if (start.uses | test.uses) & asked and not start.uses & test.uses
            if step.op is not CHOICE or (start.uses and test.op.code in ("{0} != {1}", "{0} < {1}"))
        ]
        for cost, place, number, which in sorted(found):
            yield cost, starts[place], tests[number], steps[which]

    def _double(self) -> Iterator[tuple[int, Expression, Expression, Expression, Expression, Expression]]:
        """Two numbers that begin as two arguments, or as an argument and a small number."""
        states, numbers = self._states((self.state, self.other))
        plain = self._operators((*_LINEAR, "{0} % {1}"), 1)
        each = combinations(plain, states, [*states, *numbers[-5:]], "int", MAX_STEPS)
        steps = _distinct([*states, *each])[:MAX_STEPS]
        tests = _distinct(
            combinations(self._operators(_COMPARED, 1), states, [*states, *numbers[-5:]], "bool", MAX_TESTS)
        )
        small = [constant(value, self.rows) for value in (0, 1, 2)]
        pairs = [(a, b) for a in self.numbers for b in (*self.numbers, *small) if a is not b]
        pairs += [(b, a) for a in self.numbers for b in small]
        both = 3 << STEP_BITS
        found = [
            (a.cost + b.cost + t.cost + x.cost + y.cost + 1, i, k, p, q)
            for i, (a, b) in enumerate(pairs)
            for k, t in enumerate(tests)
            for p, x in enumerate(steps)
            for q, y in enumerate(steps)
            if (x.args or y.args) and (x.uses | y.uses) & both == both
        ]
        for cost, i, k, p, q in sorted(found)[:MAX_TWO]:
            yield cost, *pairs[i], tests[k], steps[p], steps[q]

    # -- trying -------------------------------------------------------------------------------------------------------

    def _try(self, start: Expression, test: Expression, step: Expression) -> None:
        self.ledger.spend()
        cost = _SETTLE.cost + start.cost + test.cost + step.cost
        goes_on, turn = self.stepper.of(test), self.stepper.of(step)
        orbits: list[Any] = []
        for row in range(self.rows):
            passed: list[Any] = []
            ended = comes_to_an_end(turn, goes_on, start.values[row], self.material.rows[row], passed)
            orbit = passed if ended else None
            self.ledger.charge(len(passed) // TURNS)
            if orbit is None and row < self.material.shown:
                return
            orbits.append(FAILED if orbit is None else orbit)
            if row < self.material.shown and cost > FREE_COST and not self._may_meet(row, orbits[-1]):
                return
        if all(len(orbit) <= 1 for orbit in orbits[: self.material.shown]):
            return
        ends = tuple(FAILED if orbit is FAILED else orbit[-1] for orbit in orbits)
        ways = tuple(FAILED if orbit is FAILED else orbit[:-1] for orbit in orbits)
        self._offer(_SETTLE, (start, test, step), "int", ends, (self.state,))
        way = self._offer(_ORBIT, (start, test, step), "list[int]", ways, (self.state,))
        if parts(self.material.problem.gives)[0] == "list":
            whole = tuple(FAILED if orbit is FAILED else list(orbit) for orbit in orbits)
            self._offer(_TRACK, (start, test, step), "list[int]", whole, (self.state,))
        if len(self._accumulated) < MAX_ACCUMULATED and start.uses and step.op.code != "{0} % {1}":
            self._accumulate(way)

    def _accumulate(self, way: Expression) -> None:
        gives = self.material.problem.gives
        if parts(gives)[0] in ("int", "str", "list") and gives != "list[?]":
            known = [key_of("list[int]", machine.source.values) for machine in self._accumulated]
            if key_of("list[int]", way.values) not in known:
                self._accumulated.append(Machine(self.material, self.ledger, way, gives, self.finishing))

    def _may_meet(self, row: int, orbit: list[int]) -> bool:
        wanted = self.wanted[row]
        return wanted in (orbit[-1], len(orbit) - 1, len(orbit), sum(orbit[:-1])) or wanted in (
            tuple(orbit), tuple(orbit[:-1])
        )  # fmt: skip

    def _try_two(self, a: Expression, b: Expression, test: Expression, one: Expression, other: Expression) -> None:
        self.ledger.spend()
        goes_on, first, second = self.two.of(test), self.two.of(one), self.two.of(other)
        values: list[Any] = []
        for row in range(self.rows):
            end, turns = end_of_two(first, second, goes_on, (a.values[row], b.values[row]), self.material.rows[row])
            self.ledger.charge(turns // TURNS)
            values.append(end)
            if row < self.material.shown and (end is FAILED or end != self.wanted[row]):
                return
        names = (self.state, self.other)
        self._offer(_SETTLE_TWO, (a, b, test, one, other), "int", tuple(values), names)

    def _offer(
        self, op: Operator, args: tuple[Expression, ...], kind: str, values: tuple[Any, ...], names: tuple[str, ...]
    ) -> Expression:
        fitted = self.material.lexicon.fit(op)
        mask, uses, cost = fitted.mask, LOOP_BIT, fitted.cost
        for arg in args:
            mask |= arg.mask
            uses |= arg.uses & ((1 << STEP_BITS) - 1)
            cost += arg.cost
        made = Expression(op, args, kind, values, cost=cost, mask=mask, uses=uses, binder=names)
        self.finishing.offer(made)
        return made


def _changing(steps: Sequence[Expression], state: Expression) -> list[Expression]:
    """Those that differ, and do something to the state."""
    return [step for step in _distinct(steps) if step.values != state.values]


def _distinct(expressions: Sequence[Expression]) -> list[Expression]:
    """Those that differ on the samples, the first of each; not those that are always the same or always fail."""
    found: dict[Any, Expression] = {}
    for expression in expressions:
        if len(set(expression.values)) > 1:
            found.setdefault(key_of(expression.kind, expression.values), expression)
    return list(found.values())
