"""Strategies: the sub-searches of one problem, each with a budget of its own, and their drafts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from genloom.tools.synthesis.engine.drafting import Draft
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.ledger import Exhausted, Ledger
from genloom.tools.synthesis.engine.material import Material
from genloom.tools.synthesis.engine.problem import Problem

__all__ = ["FIRST", "NAMES", "SURE_RANK", "Outcome", "run_strategy", "share_of"]

Progress = Callable[[int, int], None]

FIRST = "expressions"
NAMES: tuple[str, ...] = (FIRST, "folds", "loops", "recursion")
"""The strategies in the order in which they are asked."""
SURE_RANK = 8
"""Up to this rank an answer of one strategy is not put in question by the next: none of theirs is simpler."""
_SHARES = {FIRST: 62, "folds": 10, "loops": 4, "recursion": 3}
_SHARES_AGAIN = {FIRST: 12, "folds": 5, "loops": 2, "recursion": 2}


@dataclass(frozen=True)
class Outcome:
    """What one strategy came to. `stopped` says why it ended: `budget`, `clock`, `memory` or `confidence`; empty where
    nothing better could come."""

    drafts: tuple[Draft, ...]
    stopped: str
    candidates: int
    cut_by_clock: bool = False


def share_of(problem: Problem, name: str) -> int:
    """The candidates that a strategy may try: of the budget, a fixed share of each hundred."""
    shares = _SHARES_AGAIN if problem.again else _SHARES
    return problem.candidates * shares[name] // 100


class _Search(Protocol):
    """One strategy at work: `run` goes up in cost and says why it stopped, `drafts` gives what it found."""

    def run(self, progress: Progress) -> str: ...

    def drafts(self) -> list[Draft]: ...


def _search_of(name: str) -> Callable[[Material, Ledger], _Search]:
    # not all are needed for every problem, and each takes its time to load
    if name == "folds":
        from genloom.tools.synthesis.engine.folds import Folds

        return Folds
    if name == "loops":
        from genloom.tools.synthesis.engine.loops import Loops

        return Loops
    if name == "recursion":
        from genloom.tools.synthesis.engine.recursion import Recursion

        return Recursion
    from genloom.tools.synthesis.engine.solver import Expressions

    return Expressions


def run_strategy(
    name: str, problem: Problem, extra: Sequence[Operator], deadline: float, progress: Progress
) -> Outcome:
    """Run one strategy to its end. What it answers depends on the problem alone, unless the clock cuts it."""
    ledger = Ledger(share_of(problem, name), deadline)
    search = _search_of(name)(Material(problem, extra), ledger)
    try:
        stopped = search.run(progress)
    except Exhausted:
        stopped = "clock" if ledger.cut_by_clock else "budget"
    except MemoryError:
        stopped = "memory"
    return Outcome(tuple(search.drafts()), stopped, ledger.candidates, ledger.cut_by_clock or stopped == "memory")
