"""Drafting: the answers of a strategy as programs, guarded so that they raise where the examples ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.answers import Answer
from genloom.tools.synthesis.engine.equivalence import FAILED
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.problem import Case, Problem
from genloom.tools.synthesis.engine.views import View
from genloom.tools.synthesis.engine.writer import Guard, Program, failed, write

__all__ = ["Draft", "Solution", "drafts_of", "holds", "meets", "of_like_rank"]

GUARD_COST = 3
"""What it costs, beside its test, that a program gives `None` under a guard."""


@dataclass
class Solution:
    """What a strategy found: answers of like cost, best first, and what is needed to write them."""

    answers: list[Answer]
    views: list[View]
    tests: list[Expression] = field(default_factory=list)
    error_rows: range = range(0)
    shown: int = 0


@dataclass(frozen=True)
class Draft:
    """A program that gives what the examples say. `kind` is that of its result, `rank` its cost with what speaks against
    it, `uncovered` how many words of the prompt nothing in it answers to."""

    program: Program
    rank: int
    cost: int
    uncovered: int
    kind: str

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Sorts drafts: by rank; then what covers more of the prompt, what is shorter, and by the text."""
        return self.rank, -self.cost, len(self.program.expression), self.program.expression


def of_like_rank(drafts: Iterable[Draft]) -> list[Draft]:
    """The drafts that one could as well have given, best first; not those that cover less of the prompt, but for smaller
    ones: that they do without something which the prompt speaks of, and meet the examples, says that no example needs it.

    The less sure the best is, the more others count as alike: where it is long, leaves words uncovered, or only says yes
    or no.
    """
    found = sorted(drafts, key=lambda draft: draft.order)
    if not found:
        return []
    best = found[0]
    margin = 1 + (best.rank > 8) + (best.rank > 11) + (best.uncovered > 0) + 2 * (best.kind == "bool")
    return [
        d
        for d in found
        if d is best or (d.rank <= best.rank + margin and (d.uncovered <= best.uncovered or d.cost < best.cost))
    ]


def drafts_of(problem: Problem, solution: Solution) -> list[Draft]:
    """The answers that hold as programs on the examples that the search was shown."""
    found: list[Draft] = []
    for answer in solution.answers:
        expression = answer.expression
        guards = _guards(problem, solution, expression)
        if guards is None:
            continue
        program = write(problem.name, problem.parameters, expression, solution.views, guards)
        if holds(program, problem.fit):
            # what is to be raised is asked for; that nothing is given may also come of itself
            extra = sum(GUARD_COST + guard.test.cost for guard in guards if not guard.error)
            found.append(Draft(program, answer.rank + extra, expression.cost, answer.uncovered, expression.kind))
    return found


def meets(value: Any, case: Case) -> bool:
    """Whether an outcome is what an example says: by `==`, or an error of the named class."""
    if case.error:
        return isinstance(value, Exception) and case.error in [cls.__name__ for cls in type(value).__mro__]
    if failed(value):
        return False
    try:
        return bool(value == case.expected) or (value != value and case.expected != case.expected)
    except (TypeError, ValueError, RecursionError):
        return False


def holds(program: Program, cases: Sequence[Case]) -> bool:
    """Whether a program meets all of these examples."""
    return all(meets(program.outcome(case.arguments), case) for case in cases)


def _guards(problem: Problem, solution: Solution, expression: Expression) -> list[Guard] | None:
    """The guards that an expression needs, in order; `None` when no test tells where one must stand."""
    plain = write(problem.name, problem.parameters, expression, solution.views, ())
    special = problem.guarded
    missing = [case for case in special if not meets(plain.outcome(case.arguments), case)]
    guards: list[Guard] = []
    for error in dict.fromkeys(case.error for case in missing):
        rows = [
            row
            for row, case in zip(solution.error_rows, special, strict=True)
            if case.error == error and case in missing
        ]
        test = _telling(solution, rows)
        if test is None:
            return None
        guards.append(Guard(test, error))
    return guards


def _telling(solution: Solution, rows: Sequence[int]) -> Expression | None:
    """The cheapest test that holds on these rows and on none of the good ones. Tests of other errors come before it."""
    for test in solution.tests:
        if all(test.values[row] is True for row in rows) and not any(
            value is FAILED or value for value in test.values[: solution.shown]
        ):
            return test
    return None
