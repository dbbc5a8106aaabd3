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
_SHARES = {FIRST: 76, "folds": 12, "loops": 6, "recursion": 6}
_SHARES_HELD = {FIRST: 62, "folds": 10, "loops": 4, "recursion": 3}
"""Of a hundred candidates; what an attempt with examples held back leaves is for the one without."""


@dataclass(frozen=True)
class Outcome:
    """What one strategy came to. `stopped` says why it ended: `budget`, `clock`, `memory`, `confidence`, or `error`, which
    `broke` tells; empty where nothing better could come."""

    drafts: tuple[Draft, ...]
    stopped: str
    candidates: int
    work: int
    cut_by_clock: bool = False
    broke: str = ""


def share_of(problem: Problem, name: str, left: int) -> int:
    """The budget of a strategy, of what is left for the attempt."""
    return left * (_SHARES_HELD if problem.held else _SHARES)[name] // 100


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


def run_strategy(name: str, problem: Problem, extra: Sequence[Operator], ledger: Ledger, progress: Progress) -> Outcome:
    """Run one strategy to its end. What it answers depends on the problem and the budget alone, unless the clock or the
    memory cuts it. An error ends this strategy alone: the outcome tells it."""
    try:
        search = _search_of(name)(Material(problem, extra), ledger)
        stopped = _stopped(search, ledger, progress)
        drafts = tuple(search.drafts())
    except Exception as error:  # noqa: BLE001 - whatever broke is told, and the other strategies go on
        broke = f"the strategy of {name} broke off: {type(error).__name__}: {error}"[:300]
        return Outcome((), "error", ledger.candidates, ledger.work, ledger.cut_by_clock, broke)
    cut = ledger.cut_by_clock or stopped == "memory"
    return Outcome(drafts, stopped, ledger.candidates, ledger.work, cut)


def _stopped(search: _Search, ledger: Ledger, progress: Progress) -> str:
    try:
        return search.run(progress)
    except Exhausted:
        return "clock" if ledger.cut_by_clock else "budget"
    except MemoryError:
        return "memory"
