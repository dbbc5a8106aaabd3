"""A session: the whole of one run, from the problem to the answer as plain JSON."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any  # Any: plain JSON

from genloom.tools.synthesis.engine.components import Guard, component_operators
from genloom.tools.synthesis.engine.drafting import Draft
from genloom.tools.synthesis.engine.existing import find
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.jobs import Jobs
from genloom.tools.synthesis.engine.judge import Judged, judge
from genloom.tools.synthesis.engine.kinds import join_all, kind_of
from genloom.tools.synthesis.engine.ledger import Exhausted, Ledger
from genloom.tools.synthesis.engine.probes import draw_probes
from genloom.tools.synthesis.engine.problem import Problem, read_problem
from genloom.tools.synthesis.engine.solver import MAX_RANK
from genloom.tools.synthesis.engine.strategies import FIRST, NAMES, SURE_RANK, Outcome, run_strategy, share_of

__all__ = ["answer"]

Emit = Callable[[dict[str, Any]], None]
SHOWN_PROBES = 5
MAX_SHOWN = 400


def answer(data: Mapping[str, Any], emit: Emit, started: float) -> dict[str, Any]:
    """Answer one task: first with the held-back examples unseen; if that fails, fitted to all of them."""
    problem = read_problem(data)
    if not any(not case.error for case in problem.fit):
        return {
            "type": "abstained",
            "reason": "no example says what a call gives: all raise",
            "candidates": 0,
            "cut_by_clock": False,
        }
    deadline = started + problem.seconds
    run = _reuse if problem.mode == "reuse" else _search
    return run(problem, deadline, emit)


def _search(problem: Problem, deadline: float, emit: Emit) -> dict[str, Any]:
    guard = Guard()
    course = _Course(component_operators(problem.components, guard), guard, deadline, emit)
    for attempt in (problem, problem.refitted()) if problem.held else (problem,):
        judged = judge(attempt, course.drafts(attempt))
        if judged is not None and (judged.held or not attempt.held):
            return _found(judged, attempt, course.spent, course.cut or guard.dropped, course.broken)
    reason = "; ".join([_reason(course.stopped, course.spent), *course.broken])[:MAX_SHOWN]
    cut = course.cut or guard.dropped
    return {"type": "abstained", "reason": reason, "candidates": course.spent, "cut_by_clock": cut}


class _Course:
    """The strategies of one attempt after another, with what they have spent so far."""

    def __init__(self, extra: Sequence[Operator], guard: Guard, deadline: float, emit: Emit) -> None:
        self._guard = guard
        self.spent, self.work, self.stopped, self.cut = 0, 0, "", False
        self.broken: list[str] = []
        self._extra, self._deadline, self._emit = extra, deadline, emit
        self._process = os.getpid()

    def drafts(self, attempt: Problem) -> list[Draft]:
        """The drafts of one attempt: of its strategies in their order, until one has an answer that is simple enough."""
        found: list[Draft] = []
        names = list(filter(attempt.uses, NAMES))
        jobs = Jobs([(name, self._job(attempt, name)) for name in names], attempt.cores)
        try:
            for name in names:
                outcome = jobs.result(name)
                self.spent += outcome.candidates
                self.work += outcome.work
                self.cut = self.cut or outcome.cut_by_clock
                self.broken += [outcome.broke] if outcome.broke and outcome.broke not in self.broken else []
                if name == FIRST or outcome.stopped in ("clock", "memory"):
                    self.stopped = outcome.stopped
                found += outcome.drafts
                if any(draft.rank <= SURE_RANK for draft in found):
                    break
        finally:
            jobs.close()
        return found

    def _job(self, attempt: Problem, name: str) -> Callable[[], Outcome]:
        now = time.monotonic()
        until = now + (self._deadline - now) * 3 / 4 if attempt.held else self._deadline
        share = share_of(attempt, name, attempt.candidates - self.work)
        return lambda: self._run(name, attempt, Ledger(share, until))

    def _run(self, name: str, attempt: Problem, ledger: Ledger) -> Outcome:
        """Run a strategy, maybe in a process of its own: what its guard dropped there, only the outcome can tell."""
        outcome = run_strategy(name, attempt, self._extra, ledger, self._progress)
        return replace(outcome, cut_by_clock=outcome.cut_by_clock or self._guard.dropped)

    def _progress(self, size: int, candidates: int) -> None:
        if os.getpid() == self._process:
            self._emit({"type": "progress", "size": size, "candidates": self.spent + candidates})


def _reason(stopped: str, spent: int) -> str:
    tried = f"{spent:,} candidates"
    return {
        "memory": f"the memory ran out after {tried}",
        "clock": f"the time ran out after {tried}",
        "budget": f"the budget ran out after {tried}",
        "confidence": f"nothing simple enough to be trusted fits the examples (cost up to {MAX_RANK}, {tried})",
    }.get(stopped, f"what fits the examples does not hold as a program ({tried})")


def _reuse(problem: Problem, deadline: float, emit: Emit) -> dict[str, Any]:
    ledger, guard = Ledger(problem.candidates, deadline), Guard()
    try:
        judged = find(problem, ledger.spend, guard)
        if judged is not None and problem.held and not judged.held:
            problem = problem.refitted()
            judged = find(problem, ledger.spend, guard)
    except Exhausted:
        judged = None
    emit({"type": "progress", "size": 1, "candidates": ledger.candidates})
    cut = ledger.cut_by_clock or guard.dropped
    if judged is not None:
        return _found(judged, problem, ledger.candidates, cut)
    reason = "no function of the repository or the standard library gives what the examples say"
    return {"type": "abstained", "reason": reason, "candidates": ledger.candidates, "cut_by_clock": cut}


def _gives(judged: Judged, problem: Problem) -> str:
    """The kind of the result, from the examples, the expression and what it gives: a mean is a float also where it is 2."""
    given = (judged.program.outcome(case.arguments) for case in (*problem.fit, *problem.held) if not case.error)
    joined = join_all([problem.gives, judged.kind or problem.gives, *map(kind_of, given)])
    gives = problem.gives if joined == "any" else joined
    has_none = any(case.expected is None and not case.error for case in (*problem.fit, *problem.held))
    return f"{gives}|none" if has_none and gives != "none" else gives


def _shown(value: Any) -> str:
    """A value for people: an error by its name, what is long shortened."""
    if isinstance(value, Exception):
        return f"an error ({type(value).__name__})"
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of more digits than Python writes
        return f"a very large {type(value).__name__}"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _outputs(judged: Judged, problem: Problem) -> list[dict[str, Any]]:
    """What the program gives on the first probes, where rivals make one doubt it."""
    inputs = [case.arguments for case in (*problem.fit, *problem.held) if not case.error]
    probes = draw_probes(inputs, SHOWN_PROBES, seed=1) if judged.rivals else []
    return [{"arguments": list(map(_shown, probe)), "gives": _shown(judged.program.outcome(probe))} for probe in probes]


def _deciding(judged: Judged, problem: Problem) -> str:
    """The call whose result would decide best, as code; empty without rivals."""
    arguments = judged.deciding
    return "" if arguments is None else f"{problem.name}({', '.join(map(repr, arguments))})"


def _found(judged: Judged, problem: Problem, candidates: int, cut: bool, notes: Sequence[str] = ()) -> dict[str, Any]:
    program = judged.program
    return {
        "type": "found",
        "body": list(program.body),
        "imports": list(program.imports),
        "expression": program.expression,
        "kinds": list(problem.kinds),
        "gives": _gives(judged, problem),
        "cost": judged.cost,
        "held_back": bool(problem.held),
        "rivals": [
            {
                "arguments": [repr(value) for value in difference.arguments],
                "answer": _shown(difference.answer),
                "rival": _shown(difference.rival),
                "code": difference.rival_code,
            }
            for difference in judged.rivals
        ],
        "deciding": _deciding(judged, problem),
        "outputs": _outputs(judged, problem),
        "candidates": candidates,
        "cut_by_clock": cut,
        "notes": [*judged.notes, *notes],
    }
