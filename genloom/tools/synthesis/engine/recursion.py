"""Recursion on a decreasing argument: a smaller number, the rest of a sequence, the lists inside of a list."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.answers import UNUSED_COST
from genloom.tools.synthesis.engine.drafting import Draft, holds
from genloom.tools.synthesis.engine.kinds import parts
from genloom.tools.synthesis.engine.ledger import Ledger
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.recursion_plan import BASES, Plan
from genloom.tools.synthesis.engine.shrinking import shapes_of
from genloom.tools.synthesis.engine.solver import MAX_RANK
from genloom.tools.synthesis.engine.vocabulary import stems
from genloom.tools.synthesis.engine.writer import Program

__all__ = ["Recursion"]

LEVEL = 6
BASE_COST = 4
"""What the shape of a recursion costs: the test, the base, the call."""
MAX_DRAFTS = 20
_WORDS = stems(
    "recursive recursion factorial nested nest deep flatten fibonacci previous term sequence inner depth level"
)


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
        if parts(gives)[0] not in BASES or not self.material.shown:
            return "confidence"
        self._nested()
        plans = [
            Plan(self.material, self.ledger, place, shape)
            for place, (name, kind) in enumerate(zip(self.problem.parameters, self.problem.kinds, strict=True))
            for shape in shapes_of(name, kind)
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
