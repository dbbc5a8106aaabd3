"""A recursion's plan: the steps of one shape over one argument, with each base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.arena import Arena
from genloom.tools.synthesis.engine.binding import variable
from genloom.tools.synthesis.engine.constants import constant
from genloom.tools.synthesis.engine.equivalence import FAILED, frozen
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.forms import element_kind
from genloom.tools.synthesis.engine.kinds import class_of, kind_of, parts
from genloom.tools.synthesis.engine.ledger import TURNS, Ledger
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.rendering import code_of, imports_of
from genloom.tools.synthesis.engine.shrinking import Shape
from genloom.tools.synthesis.engine.stepping import STEP_BITS, Step, Stepper, guarded, step_toolbox
from genloom.tools.synthesis.engine.writer import Program

__all__ = ["BASES", "Plan"]

DEPTH = 60
BASES: dict[str, tuple[Any, ...]] = {
    "int": (0, 1),
    "float": (0, 1),
    "str": ("",),
    "list": ([],),
    "bool": (True, False),
}


class Plan:
    """The steps of one shape over one argument."""

    def __init__(self, material: Material, ledger: Ledger, place: int, shape: Shape) -> None:
        self.material, self.ledger, self.place, self.shape = material, ledger, place, shape
        self.problem = material.problem
        self.bit = 1 << place
        gives = self.problem.gives
        self.results = tuple(f"_smaller_{number}" for number in range(len(shape.smaller)))
        self.wanted = tuple(map(frozen, material.wanted))
        self.names = (*self.results, *(code for code, _, _ in shape.parts), *self.problem.parameters)
        self.stepper = Stepper(self.names)
        picked = [row for row in self._inputs() if not self._is_base(row)][:14]
        pool = self._pool(gives)
        seeds = [
            variable(name, gives, tuple(pool[(row * (2 * turn + 1) + turn) % len(pool)] for row in range(len(picked))),
                     bit=1 << (STEP_BITS + turn))
            for turn, name in enumerate(self.results)
        ]  # fmt: skip
        self.focus = sum(seed.uses for seed in seeds)
        for code, kind, of in shape.parts:
            seeds.append(variable(code, kind, tuple(of(row[place]) for row in picked), bit=self.bit))
        for other, (name, kind) in enumerate(zip(self.problem.parameters, self.problem.kinds, strict=True)):
            if other != place or not element_kind(kind):
                seeds.append(variable(name, kind, tuple(row[other] for row in picked), bit=1 << other))
        seeds += [
            constant(known.values[0], len(picked), cost=known.cost, mask=known.mask) for known in material.constants
        ]
        kinds = (gives, *(seed.kind for seed in seeds if not element_kind(seed.kind)))
        toolbox = step_toolbox(material.operators, kinds)
        self.arena = Arena(toolbox, ledger, seeds, shown=len(picked), focus=self.focus | self.bit, depth=1)
        rows = len(material.rows)
        self.bases = [constant(value, rows) for value in BASES[parts(gives)[0]]]
        self.bases += [argument for argument in material.arguments if class_of(argument.kind) == class_of(gives)]

    def _inputs(self) -> list[tuple[Any, ...]]:
        """The examples' arguments and smaller ones."""
        place = self.place
        smaller = [
            (*row[:place], shrink(row[place]), *row[place + 1 :])
            for row in self.material.rows
            if not self._is_base(row)
            for shrink in self.shape.shrink
        ]
        return [*self.material.rows, *smaller]

    def _is_base(self, row: Sequence[Any]) -> bool:
        try:
            return self.shape.is_base(row[self.place])
        except TypeError:  # an argument of another type, such as `None`
            return True

    def _pool(self, kind: str) -> list[Any]:
        pool = [*BASES[parts(kind)[0]], *(value for value in self.material.wanted if kind_of(value) == kind)]
        return pool + ([3, 7, 2, 12, 5] if kind == "int" else [])

    def meeting(self, level: int) -> Iterator[tuple[Expression, Expression]]:
        """The steps of one cost, each with a base, that give what the examples say."""
        if not self.arena.shown:
            return
        self.arena.grow()
        for body in self.arena.expressions_at(level):
            if body.kind != self.problem.gives or body.uses & self.focus != self.focus or not body.args:
                continue
            step = self.stepper.of(body)
            for base in self.bases:
                self.ledger.spend()
                if self._meets(step, base):
                    yield body, base

    def _meets(self, step: Step, base: Expression) -> bool:
        for row in range(self.material.shown):
            known: dict[Any, Any] = {}
            value = self._value(step, base, self.material.rows[row], known, DEPTH)
            self.ledger.charge(len(known) // TURNS)
            if value is FAILED or frozen(value) != self.wanted[row]:
                return False
        return True

    def _value(self, step: Step, base: Expression, row: Sequence[Any], known: dict[Any, Any], depth: int) -> Any:
        own = row[self.place]
        key = frozen(own)
        if key in known:
            return known[key]
        if depth < 0:
            return FAILED
        if self._is_base(row):
            value = base.values[0] if not base.uses else row[base.uses.bit_length() - 1]
        else:
            smaller = [
                self._value(step, base, (*row[: self.place], shrink(own), *row[self.place + 1 :]), known, depth - 1)
                for shrink in self.shape.shrink
            ]
            if any(result is FAILED for result in smaller):
                value = FAILED
            else:
                value = guarded(step, [*smaller, *(of(own) for _, _, of in self.shape.parts), *row])
        known[key] = value
        return value

    def program(self, body: Expression, base: Expression) -> Program:
        """The function that calls itself."""
        name = self.problem.name
        calls = {}
        for result, smaller in zip(self.results, self.shape.smaller, strict=True):
            arguments = [smaller if place == self.place else p for place, p in enumerate(self.problem.parameters)]
            calls[result] = f"{name}({', '.join(arguments)})"
        step = code_of(body, calls)
        lines = (f"if {self.shape.base_test}:", f"    return {code_of(base)}", f"return {step}")
        return Program(name, self.problem.parameters, lines, imports_of(body), step)
