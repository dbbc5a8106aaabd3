"""The solver: one search over one set of examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.answers import Answer, AnswerBook
from genloom.tools.synthesis.engine.arena import Arena, Goal
from genloom.tools.synthesis.engine.binding import variable
from genloom.tools.synthesis.engine.constants import constant, constants_of, separators_of
from genloom.tools.synthesis.engine.explorer import Explorer
from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.fits import Fitter
from genloom.tools.synthesis.engine.forms import FORMS
from genloom.tools.synthesis.engine.grammar import all_operators
from genloom.tools.synthesis.engine.inverses import Decomposer, Kit
from genloom.tools.synthesis.engine.ledger import Exhausted, Ledger
from genloom.tools.synthesis.engine.probes import draw_probes
from genloom.tools.synthesis.engine.problem import Problem
from genloom.tools.synthesis.engine.toolbox import Toolbox
from genloom.tools.synthesis.engine.views import View, views_of
from genloom.tools.synthesis.engine.vocabulary import Lexicon, descriptive, numbers_in, words_in

__all__ = ["MAX_RANK", "Solution", "solve"]

PROBES = 3
MAX_RANK = 20
"""Above this rank an answer is more likely wrong than right, and none is given."""
LEAST_AFTERMATH = 8_000
AFTERMATH = 5_000
SURE_RANK = 6
MAX_STEPS = 8
"""After an answer some more candidates are tried, to find a better one and rivals: at least so many, and so many more for
each step that its rank is above the sure one, up to so many steps."""


@dataclass
class Solution:
    """What a search found: answers of like cost, best first, and what is needed to write them."""

    answers: list[Answer]
    views: list[View]
    tests: list[Expression] = field(default_factory=list)
    error_rows: range = range(0)
    shown: int = 0
    stopped: str = ""


def lexicon_of(problem: Problem, operators: list[Operator]) -> Lexicon:
    """The prompt's words, knowing which of them any operator or constant answers to."""
    plain = Lexicon(words_in(problem.prompt, problem.name))
    masks = [plain.mask_of(op.words) for op in operators]
    masks += [plain.mask_of(form.op.words) for form in FORMS]
    masks += [expression.mask for expression in constants_of(problem, plain, 1)]
    return plain.knowing(masks, ignoring=plain.mask_of(descriptive(problem.kinds)))


def solve(problem: Problem, ledger: Ledger, extra: list[Operator], progress: Callable[[int, int], None]) -> Solution:
    """Search for expressions that give what the examples say. The answers may be none."""
    search = _Search(problem, ledger, extra)
    try:
        search.run(progress)
    except Exhausted:
        search.stopped = "clock" if ledger.cut_by_clock else "budget"
    return search.solution()


class _Search:
    def __init__(self, problem: Problem, ledger: Ledger, extra: list[Operator]) -> None:
        self.problem, self.ledger, self.stopped = problem, ledger, ""
        good = [case for case in problem.fit if not case.error]
        raising = [case.arguments for case in problem.fit if case.error]
        known = [case.arguments for case in good]
        self.shown = len(known)
        self.rows = [*known, *raising, *draw_probes(known, PROBES)]
        self.error_rows = range(self.shown, self.shown + len(raising))
        operators = [*all_operators(), *extra]
        self.lexicon = lexicon_of(problem, operators)
        fitted = [op for op in map(self.lexicon.fit, operators) if self._is_fitting(op)]
        self.kit = Kit(fitted)
        self.forms = [(form, self.lexicon.fit(form.op)) for form in FORMS]
        self.views = views_of(problem, self.rows, self.shown)
        self.book = AnswerBook(self.lexicon, len(problem.parameters))
        self.seeds = self._seeds()
        focus = (1 << len(problem.parameters)) - 1
        self.arena = Arena(
            Toolbox(fitted, (*problem.kinds, problem.gives)),
            ledger,
            [*self.seeds, *self._tests()],
            shown=self.shown,
            focus=focus,
            depth=0,
        )
        self.explorer = Explorer(self.arena, self.seeds, self.forms)
        self._aim(tuple(case.expected for case in good))

    def _is_fitting(self, op: Operator) -> bool:
        """Leave out what only a prompt or a repository suggests, and pairs where nobody asked for any."""
        if op.code == "({0}, {1})":
            return "tuple" in self.problem.gives
        return bool(op.mask) or not op.special

    def _seeds(self) -> list[Expression]:
        problem, rows = self.problem, self.rows
        arguments = [
            variable(name, kind, tuple(row[place] for row in rows), bit=1 << place)
            for place, (name, kind) in enumerate(zip(problem.parameters, problem.kinds, strict=True))
        ]
        parts = [seed for view in self.views for seed in view.seeds]
        return [*arguments, *parts, *constants_of(problem, self.lexicon, len(rows))]

    def _tests(self) -> list[Expression]:
        """Tests of an argument's type, where the raising examples differ in it from the others."""
        found: list[Expression] = []
        for place, name in enumerate(self.problem.parameters):
            usual = {type(row[place]) for row in self.rows[: self.shown]}
            if any(type(self.rows[row][place]) not in usual for row in self.error_rows):
                values = [row[place] for row in self.rows]
                allowed = sorted(kind.__name__ for kind in usual if kind is not type(None))
                code = f"not isinstance({name}, {' | '.join(allowed)})"
                wrong = tuple(type(value) not in usual for value in values)
                found.append(variable(code, "bool", wrong, bit=1 << place, cost=2))
        return found

    def _aim(self, wanted: tuple[Any, ...]) -> None:
        problem = self.problem
        goal = Goal(problem.gives, wanted, self._collect, branching=True)
        rows = len(self.rows)
        self.arena.aim(goal)
        texts = ("", " ", ", ", *separators_of(problem.fit))
        self.explorer.watchers.append(Decomposer(self.arena, goal, self.kit, lambda text: constant(text, rows), texts))
        if problem.gives in ("int", "float"):
            hinted = frozenset(numbers_in(problem.prompt))
            fitter = Fitter(self.arena, goal, self.kit, lambda value, cost: constant(value, rows, cost=cost), hinted)
            self.explorer.watchers.append(fitter)

    def _collect(self, expression: Expression) -> None:
        before = self.book.best
        if not expression.uses:
            return
        self.book.add(expression)
        best = self.book.best
        if best is not None and best is not before:
            steps = min(max(0, best.rank - SURE_RANK), MAX_STEPS)
            self.ledger.limit(self.ledger.candidates + LEAST_AFTERMATH + AFTERMATH * steps)

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Go up in cost until the best answer can no longer be beaten, or nothing that could be trusted is left."""
        while self.arena.level < MAX_RANK:
            self.explorer.grow()
            progress(self.arena.level, self.ledger.candidates)
            self.ledger.look()
            if self.book.best is not None and self.arena.level >= self.book.best.rank:
                return
        self.stopped = "confidence"

    def solution(self) -> Solution:
        return Solution(
            answers=[answer for answer in self.book.of_like_cost() if answer.rank <= MAX_RANK],
            views=self.views,
            tests=self.arena.expressions(["bool"]) if self.error_rows else [],
            error_rows=self.error_rows,
            shown=self.shown,
            stopped=self.stopped,
        )
