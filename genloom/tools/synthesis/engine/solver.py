"""The solver of expressions: the search for one expression over the arguments."""

from __future__ import annotations

from collections.abc import Callable

from genloom.tools.synthesis.engine.answers import AnswerBook
from genloom.tools.synthesis.engine.arena import Arena, Goal
from genloom.tools.synthesis.engine.constants import constant, separators_of
from genloom.tools.synthesis.engine.drafting import Draft, Solution, drafts_of
from genloom.tools.synthesis.engine.explorer import Explorer
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.fits import Fitter
from genloom.tools.synthesis.engine.inverses import Decomposer, Kit
from genloom.tools.synthesis.engine.ledger import Ledger
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.toolbox import Toolbox
from genloom.tools.synthesis.engine.vocabulary import numbers_in

__all__ = ["MAX_RANK", "Expressions"]

MAX_RANK = 20
"""Above this rank an answer is more likely wrong than right, and none is given."""
LEAST_AFTERMATH = 8_000
AFTERMATH = 5_000
SURE_RANK = 6
GUARD_LEVEL = 5
"""Where examples ask for a guard, tests are looked for up to this cost at least."""
MAX_STEPS = 8
"""After an answer some more candidates are tried, to find a better one and rivals: at least so many, and so many more for
each step that its rank is above the sure one, up to so many steps."""


class Expressions:
    """Enumerates expressions in order of cost, with forms, push-down, decomposition, fits and conditionals."""

    def __init__(self, material: Material, ledger: Ledger) -> None:
        problem = material.problem
        self.material, self.problem, self.ledger = material, problem, ledger
        self.book = AnswerBook(
            material.lexicon, len(problem.parameters), penalty=problem.uses("penalty"), whole=problem.gives == "int"
        )
        self._least = GUARD_LEVEL if material.error_rows else 0
        self.arena = Arena(
            Toolbox(material.operators, (*problem.kinds, problem.gives)),
            ledger,
            [*material.seeds, *material.type_tests()],
            shown=material.shown,
            focus=material.focus,
            depth=0,
        )
        self.kit = Kit(material.operators)
        self.texts = ("", " ", ", ", *separators_of(problem.fit))
        self.explorer = Explorer(
            self.arena, material.seeds, material.forms, leaving=problem.without, decompose=self._decomposer
        )
        self._aim()

    def _decomposer(self, arena: Arena, goal: Goal) -> Decomposer:
        rows = arena.rows
        return Decomposer(arena, goal, self.kit, lambda text: constant(text, rows), self.texts)

    def _aim(self) -> None:
        problem, rows = self.problem, len(self.material.rows)
        goal = Goal(problem.gives, self.material.wanted, self._collect, branching=True)
        self.arena.aim(goal)
        if problem.uses("decomposition"):
            self.explorer.watchers.append(self._decomposer(self.arena, goal))
        if problem.gives in ("int", "float") and problem.uses("fits"):
            hinted = frozenset(numbers_in(problem.prompt))
            fitter = Fitter(self.arena, goal, self.kit, lambda value, cost: constant(value, rows, cost=cost), hinted)
            self.explorer.watchers.append(fitter)

    def _collect(self, expression: Expression) -> None:
        before = self.book.best
        if not expression.uses:
            return
        self.book.add(expression)
        best = self.book.best
        if best is not None and best is not before and best.rank <= MAX_RANK:
            steps = min(max(0, best.rank - SURE_RANK), MAX_STEPS)
            self.ledger.limit(self.ledger.work + LEAST_AFTERMATH + AFTERMATH * steps)

    def run(self, progress: Callable[[int, int], None]) -> str:
        """Go up in cost until the best answer can no longer be beaten and what costs one more has been seen, which may be
        its rival, or nothing that could be trusted is left."""
        while self.arena.level < MAX_RANK:
            self.explorer.grow()
            progress(self.arena.level, self.ledger.candidates)
            self.ledger.look()
            if self.book.best is not None and self.arena.level >= max(self.book.best.rank + 1, self._least):
                return ""
        return "confidence"

    def drafts(self) -> list[Draft]:
        """The programs that were found."""
        material = self.material
        answers = [answer for answer in self.book.of_like_cost() if answer.rank <= MAX_RANK]
        tests = self.arena.expressions(["bool"]) if material.error_rows else []
        return drafts_of(self.problem, Solution(answers, material.views, tests, material.error_rows, material.shown))
