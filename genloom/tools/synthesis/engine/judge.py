"""The judge: tries an answer as the program that it will be, on examples it has seen, on those held back, and on probes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.answers import Answer
from genloom.tools.synthesis.engine.equivalence import FAILED, frozen
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.probes import draw_probes
from genloom.tools.synthesis.engine.problem import Case, Problem
from genloom.tools.synthesis.engine.solver import Solution
from genloom.tools.synthesis.engine.writer import Guard, Program, failed, write

__all__ = ["Difference", "Judged", "differences", "judge", "meets"]

PROBES = 16
MAX_RIVALS = 3
Outcome = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Difference:
    """An input on which a rival gives something else."""

    arguments: tuple[Any, ...]
    answer: Any
    rival: Any
    rival_code: str


@dataclass(frozen=True)
class Judged:
    """The best answer as a program. `held` says that it meets what was held back; `kind` is that of its expression."""

    program: Program
    cost: int
    held: bool
    kind: str = ""
    rivals: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = field(default=())


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


def judge(problem: Problem, solution: Solution) -> Judged | None:
    """Return the best answer that holds as a program, with its rivals; `None` when none does."""
    programs: list[tuple[Program, Answer]] = []
    for answer in solution.answers:
        program = _program(problem, solution, answer.expression)
        if program is not None and _holds(program, problem.fit):
            programs.append((program, answer))
    if not programs:
        return None
    best, answer = programs[0]
    held = _holds(best, problem.held)
    others = [(p.expression, p.outcome) for p, _ in programs[1:] if _holds(p, problem.held)]
    inputs = [case.arguments for case in (*problem.fit, *problem.held) if not case.error]
    rivals = differences(best.outcome, others, inputs)
    return Judged(best, answer.rank, held and bool(problem.held), answer.expression.kind, rivals)


def _holds(program: Program, cases: Sequence[Case]) -> bool:
    return all(meets(program.outcome(case.arguments), case) for case in cases)


def _program(problem: Problem, solution: Solution, expression: Expression) -> Program | None:
    """The program of an expression, guarded so that it raises where the examples ask for it; `None` when no test tells."""
    plain = write(problem.name, problem.parameters, expression, solution.views, ())
    missing = [case for case in problem.fit if case.error and not meets(plain.outcome(case.arguments), case)]
    if not missing:
        return plain
    guards: list[Guard] = []
    errors = [case for case in problem.fit if case.error]
    for error in dict.fromkeys(case.error for case in missing):
        rows = [
            row
            for row, case in zip(solution.error_rows, errors, strict=True)
            if case.error == error and case in missing
        ]
        test = _telling(solution, rows)
        if test is None:
            return None
        guards.append(Guard(test, error))
    return write(problem.name, problem.parameters, expression, solution.views, guards)


def _telling(solution: Solution, rows: Sequence[int]) -> Expression | None:
    """The cheapest test that holds on these rows and on none of the good ones. Tests of other errors come before it."""
    for test in solution.tests:
        if all(test.values[row] is True for row in rows) and not any(
            value is FAILED or value for value in test.values[: solution.shown]
        ):
            return test
    return None


def _alike(one: Any, other: Any) -> bool:
    """Whether two results are the same but for the last digits of a float."""
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return frozen(one) == frozen(other)


def differences(
    best: Outcome, others: Sequence[tuple[str, Outcome]], inputs: Sequence[tuple[Any, ...]]
) -> tuple[Difference, ...]:
    """Where programs of like cost give something else than the best, the most telling input first.

    An input that a rival cannot take decides nothing; one that only the best cannot take counts against it.
    """
    probes = draw_probes(inputs, PROBES, seed=1)
    own = [best(probe) for probe in probes]
    found: list[Difference] = []
    telling = [0] * len(probes)
    for code, rival in others:
        first: Difference | None = None
        for place, (probe, value) in enumerate(zip(probes, own, strict=True)):
            other = rival(probe)
            if not failed(other) and (failed(value) or not _alike(other, value)):
                telling[place] += 1
                first = first or Difference(probe, value, other, code)
        if first is not None:
            found.append(first)
    if not found:
        return ()
    deciding = probes[max(range(len(probes)), key=telling.__getitem__)]
    return tuple(sorted(found, key=lambda d: d.arguments != deciding)[:MAX_RIVALS])
