"""Recursion on a decreasing argument: a smaller number, the rest of a sequence, the lists inside of a list."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.answers import UNUSED_COST
from genloom.tools.synthesis.engine.arena import Arena
from genloom.tools.synthesis.engine.binding import variable
from genloom.tools.synthesis.engine.constants import constant
from genloom.tools.synthesis.engine.drafting import Draft, holds
from genloom.tools.synthesis.engine.equivalence import FAILED, frozen
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.forms import element_kind
from genloom.tools.synthesis.engine.kinds import class_of, kind_of, parts
from genloom.tools.synthesis.engine.ledger import TURNS, Ledger
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.rendering import code_of, imports_of
from genloom.tools.synthesis.engine.solver import MAX_RANK
from genloom.tools.synthesis.engine.stepping import STEP_BITS, Step, Stepper, guarded, step_toolbox
from genloom.tools.synthesis.engine.vocabulary import stems
from genloom.tools.synthesis.engine.writer import Program

__all__ = ["Recursion"]

LEVEL = 6
DEPTH = 60
BASE_COST = 4
"""What the shape of a recursion costs: the test, the base, the call."""
MAX_DRAFTS = 20
_WORDS = stems(
    "recursive recursion factorial nested nest deep flatten fibonacci previous term sequence inner depth level"
)
_BASES: dict[str, tuple[Any, ...]] = {
    "int": (0, 1),
    "float": (0, 1),
    "str": ("",),
    "list": ([],),
    "bool": (True, False),
}


@dataclass(frozen=True)
class _Shape:
    """How an argument becomes smaller: the test of the base, the code of what is smaller, and both as functions. `parts`
    are further variables that a step may read (the first element), by code."""

    base_test: str
    smaller: tuple[str, ...]
    is_base: Callable[[Any], bool]
    shrink: tuple[Callable[[Any], Any], ...]
    parts: tuple[tuple[str, str, Callable[[Any], Any]], ...] = ()


def _shapes(name: str, kind: str) -> Iterator[_Shape]:
    if kind == "int":
        less, twice = (f"{name} - 1",), (f"{name} - 1", f"{name} - 2")
        yield _Shape(f"{name} <= 0", less, lambda n: n <= 0, (lambda n: n - 1,))
        yield _Shape(f"{name} <= 1", less, lambda n: n <= 1, (lambda n: n - 1,))
        yield _Shape(f"{name} <= 1", twice, lambda n: n <= 1, (lambda n: n - 1, lambda n: n - 2))
        for base in (2, 10):
            yield _Shape(
                f"{name} < {base}",
                (f"{name} // {base}",),
                lambda n, base=base: 0 <= n < base,  # type: ignore[misc]  # bound at once
                (lambda n, base=base: n // base,),  # type: ignore[misc]
                ((f"{name} % {base}", "int", lambda n, base=base: n % base),),  # type: ignore[misc]
            )
    elif element_kind(kind):
        first = (f"{name}[0]", element_kind(kind), lambda items: items[0])
        yield _Shape(f"not {name}", (f"{name}[1:]",), lambda items: not items, (lambda items: items[1:],), (first,))


class Recursion:
    """Tries steps over the argument and what the function gives for a smaller one, with each base; and, for lists in
    lists, what to do with an inner list and with anything else."""

    def __init__(self, material: Material, ledger: Ledger) -> None:
        self.material, self.ledger = material, ledger
        self.problem = material.problem
        self._found: list[Draft] = []
        self._best = MAX_RANK + 1

    def run(self, progress: Callable[[int, int], None]) -> str:
        """Go up in the cost of steps, all shapes abreast."""
        gives = self.problem.gives
        if parts(gives)[0] not in _BASES or not self.material.shown:
            return "confidence"
        self._nested()
        plans = [
            _Plan(self.material, self.ledger, place, shape)
            for place, (name, kind) in enumerate(zip(self.problem.parameters, self.problem.kinds, strict=True))
            for shape in _shapes(name, kind)
        ]
        for level in range(1, LEVEL + 1):
            for plan in plans:
                for body, base in plan.meeting(level):
                    self._add(
                        plan.program(body, base), body.cost + base.cost + BASE_COST, body.mask, body.uses | plan.bit
                    )
            progress(level, self.ledger.candidates)
            self.ledger.look()
            if self._best <= level + BASE_COST:
                return ""
        return "confidence"

    def drafts(self) -> list[Draft]:
        """The programs that were found."""
        return sorted(self._found, key=lambda draft: draft.order)[:MAX_DRAFTS]

    def _add(self, program: Program, cost: int, mask: int, uses: int) -> None:
        if not holds(program, self.problem.fit):
            return
        lexicon = self.material.lexicon
        mask |= lexicon.mask_of(_WORDS)
        unused = sum(1 for bit in range(len(self.problem.parameters)) if not uses >> bit & 1)
        uncovered = lexicon.uncovered(mask)
        rank = cost + UNUSED_COST * unused + (2 * uncovered if self.problem.uses("penalty") else 0)
        if rank <= MAX_RANK:
            self._best = min(self._best, rank)
            self._found.append(Draft(program, rank, cost, uncovered, self.problem.gives))

    # -- lists in lists -----------------------------------------------------------------------------------------------

    def _nested(self) -> None:
        """Lists in lists of any depth: the accumulator's start, its step for a list inside and that for anything else."""
        values = [row[0] for row in self.material.rows[: self.material.shown]]
        deep = any(isinstance(item, list) for value in values if isinstance(value, list) for item in value)
        mixed = "any" in self.problem.kinds[0] or len({_depth(value) for value in values}) > 1
        if len(self.problem.parameters) != 1 or not deep or not mixed:
            return
        name = self.problem.name
        starts, leaves, inner = _NESTED.get(parts(self.problem.gives)[0], ((), (), ()))
        for start, leaf, nested in itertools.product(starts, leaves, inner):
            self.ledger.spend()
            body = [
                f"result = {start}",
                f"for item in {self.problem.parameters[0]}:",
                "    if isinstance(item, list):",
                f"        {nested.format(call=f'{name}(item)')}",
                *(["    else:", f"        {leaf}"] if leaf else []),
                "return result",
            ]
            expression = f"{name}(item)"
            program = Program(name, self.problem.parameters, tuple(body), (), expression)
            self._add(program, BASE_COST + len(f"{leaf}{nested}") // 12 + 2, 0, 1)


_NESTED: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "int": (
        ("0", "1"),
        ("", "result += item", "result += 1", "result = max(result, item)", "result *= item"),
        (
            "result += {call}",
            "result = max(result, {call})",
            "result = max(result, {call} + 1)",
            "result += {call} + 1",
            "result *= {call}",
        ),
    ),
    "list": (
        ("[]",),
        ("result.append(item)", "result.append(item * 2)", "result.append(str(item))", "result.insert(0, item)"),
        ("result.extend({call})", "result.append({call})", "result.insert(0, {call})", "result += {call}[::-1]"),
    ),
    "str": (("''",), ("result += str(item)",), ("result += {call}", "result += f'({{{call}}})'")),
}
"""What is done with the items of lists in lists: the start, with an item that is none, with one that is."""


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


class _Plan:
    """The steps of one shape over one argument."""

    def __init__(self, material: Material, ledger: Ledger, place: int, shape: _Shape) -> None:
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
        self.bases = [constant(value, rows) for value in _BASES[parts(gives)[0]]]
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
        pool = [*_BASES[parts(kind)[0]], *(value for value in self.material.wanted if kind_of(value) == kind)]
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
