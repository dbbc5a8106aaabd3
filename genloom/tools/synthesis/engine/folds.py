"""Folds: an accumulator that goes through a sequence, its last value or all that it took on the way."""

from __future__ import annotations

from collections.abc import Callable

from genloom.tools.synthesis.engine.arena import Arena
from genloom.tools.synthesis.engine.drafting import Draft
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.finishing import Finishing
from genloom.tools.synthesis.engine.forms import element_kind
from genloom.tools.synthesis.engine.kinds import parts
from genloom.tools.synthesis.engine.ledger import Ledger
from genloom.tools.synthesis.engine.machine import INITIAL, Machine
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.solver import MAX_RANK
from genloom.tools.synthesis.engine.stepping import grown
from genloom.tools.synthesis.engine.toolbox import Toolbox

__all__ = ["Folds"]

_SOURCES = frozenset(
    {
        "{0}[::-1]", "{0}.split()", "{0}.split({1})", "list(range({0}))", "list(range(1, {0} + 1))",
        "list(range({0}, {1} + 1))", "list(range({0}, {1}))", "str({0})", "list(zip({0}, {1}))", "list(enumerate({0}))",
        "list({0}.items())", "sorted({0})", "list(itertools.pairwise({0}))",
    }
)  # fmt: skip
"""What one makes of an argument in order to go through it."""
SOURCE_LEVEL = 5
MAX_SOURCES = 4


class Folds:
    """Searches steps over a state and an element for each sequence, and runs them on every row."""

    def __init__(self, material: Material, ledger: Ledger) -> None:
        self.material, self.ledger = material, ledger
        self.finishing = Finishing(material, ledger, share=ledger.budget // 4)

    def run(self, progress: Callable[[int, int], None]) -> str:
        """Go up in the cost of steps, all sequences and states abreast."""
        machines = [
            Machine(self.material, self.ledger, source, kind, self.finishing)
            for source in self._sources()
            for kind in self._state_kinds(source)
        ]
        for level in range(1, MAX_RANK):
            for machine in machines:
                machine.extend(level)
            more = self.finishing.grow()
            progress(level, self.ledger.candidates)
            self.ledger.look()
            if not more:
                return ""
        return "confidence"

    def drafts(self) -> list[Draft]:
        """The programs that were found."""
        return self.finishing.drafts()

    def _sources(self) -> list[Expression]:
        material = self.material
        simple = [op for op in material.operators if op.code in _SOURCES]
        parts_of = [seed for view in material.views for seed in view.seeds]
        marks = [e for e in material.constants if e.kind == "str" and e.cost <= 2]
        arena = Arena(
            Toolbox(simple, material.problem.kinds),
            self.ledger,
            [*material.arguments, *parts_of, *marks],
            shown=material.shown,
            focus=material.focus,
            depth=0,
        )
        grown(arena, SOURCE_LEVEL)
        found = [
            e
            for level in range(1, SOURCE_LEVEL + 1)
            for e in arena.expressions_at(level)
            if element_kind(e.kind) and e.uses and not e.partial and (e.op.mask or not e.op.code.startswith("sorted"))
        ]
        found.sort(key=lambda e: e.cost - 2 * e.mask.bit_count())
        return found[:MAX_SOURCES]

    def _state_kinds(self, source: Expression) -> list[str]:
        """What the accumulator may be: like the result, like an element of a resulting list, or a number."""
        gives = self.material.problem.gives
        head, arguments = parts(gives)
        wished = [gives, arguments[0] if head == "list" else "", "int"]
        element = element_kind(source.kind)
        if element == "float":
            wished = ["float" if kind == "int" else kind for kind in wished]
        return [kind for kind in dict.fromkeys(wished) if parts(kind)[0] in INITIAL and "?" not in kind][:2]
