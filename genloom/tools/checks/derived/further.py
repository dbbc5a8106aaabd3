"""Further checks: more than the caller gave, derived from type hints and examples, run after those held.

They are advisory unless the policy says otherwise: no caller asked for them, so they never prove a draft, and what they
show may lie outside what the caller meant.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from genloom.state import CheckResult
from genloom.state.verdict import CheckOutcome
from genloom.tools.checks.check_runner import CheckRunner
from genloom.tools.checks.derived.observing import KINDS, EnoughError, Kind, Observer, Outcome, agree, outcome_text
from genloom.tools.checks.derived.target import Target, Unfit
from genloom.tools.checks.excerpt import excerpt
from genloom.tools.checks.subject import Subject
from genloom.tools.sandbox.conversation.call_conversation import Ask
from genloom.tools.sandbox.conversation.dialogue import BrokenDialogueError
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import CallReport, NoRecord

__all__ = ["MAX_SECONDS", "SHARE", "Explored", "derive_checks", "further_seconds", "load_ahead"]

MAX_SECONDS = 1.0
SHARE = 0.25
"""Of the time for a verification, at most `MAX_SECONDS`, is what further checks may take."""
DRAWING = "genloom.tools.checks.derived.drawing"
LEAST_INPUTS = 5
MAX_CALLS = 400
MAX_REPLAYED = 25
START_SECONDS = 3.0
"""Until a process has started and loaded the module, on a busy machine."""
FIRST_PART = 0.6
"""Of the time, for the process that inputs are drawn for; the rest is for the second one."""

_TITLES: Mapping[Kind, str] = {
    "crash": "no crash",
    "nondeterminism": "deterministic",
    "mutation": "arguments not mutated",
}


@dataclass(frozen=True)
class Explored:
    """The further checks' results, and what the runs for them took."""

    checks: tuple[CheckResult, ...]
    seconds: float = 0.0


def further_seconds(limits: Limits, used: float) -> float:
    """Return how long further checks may take, where a verification has used up some seconds of its limit."""
    return min(MAX_SECONDS, SHARE * limits.wall_seconds, limits.wall_seconds - used)


def load_ahead() -> None:
    """Begin to load Hypothesis in a thread, so that it is there when the caller's checks have run."""
    if DRAWING not in sys.modules:
        threading.Thread(target=importlib.import_module, args=(DRAWING,), daemon=True).start()


async def derive_checks(
    subject: Subject, target: Target | Unfit, sandbox: CheckRunner, limits: Limits, seconds: float, *, required: bool
) -> Explored:
    """Draw inputs of the examples' shape, and return what calls with them showed.

    `seconds` are for drawing and calling, beside the start of the processes; `limits` bound each run. Two processes are
    started at most: one that is asked call after call while Hypothesis draws and shrinks, and one in which some of the
    calls are repeated in another order. Never raises for what the draft does.
    """
    if isinstance(target, Unfit):
        return Explored((_none(target),))
    exploration = _Exploration(target, seconds * FIRST_PART)
    # Hypothesis is imported before the process is there, which would only wait for it
    draw = await asyncio.to_thread(_drawing)
    bounded = replace(limits, wall_seconds=min(limits.wall_seconds, seconds + START_SECONDS))
    report = await exploration.run(draw, subject, sandbox, bounded)
    used = report.seconds
    if exploration.unfit is not None:
        return Explored((_none(exploration.unfit),), used)
    left = min(seconds - exploration.seconds, limits.wall_seconds - used)
    if left > seconds / 5 and report.ended == "normal" and exploration.observer.first:
        most = min(left + START_SECONDS, limits.wall_seconds - used)
        used += await exploration.repeat(subject, sandbox, replace(limits, wall_seconds=most))
    return Explored(exploration.results(required=required), used)


def _drawing() -> Callable[[Target, Observer, int], Unfit | None]:
    # imports Hypothesis, which takes 0.25 s: only where something is drawn
    from genloom.tools.checks.derived.drawing import draw

    return draw


@dataclass
class _Exploration:
    """The runs for one target, and what they showed."""

    target: Target
    most_seconds: float
    """For drawing and calling, from when the module has loaded."""
    seconds: float = 0.0
    unfit: Unfit | None = None
    repeated: int = 0
    calls: int = 0
    ended: str = ""
    observer: Observer = field(init=False)

    def __post_init__(self) -> None:
        self.observer = Observer(self.target, _nothing)

    async def run(
        self,
        draw: Callable[[Target, Observer, int], Unfit | None],
        subject: Subject,
        sandbox: CheckRunner,
        limits: Limits,
    ) -> CallReport:
        """Draw and call until the inputs or the time are used up."""
        seed = _seed(self.target)

        async def questions(ask: Ask) -> None:
            loop, over, began = asyncio.get_running_loop(), threading.Event(), time.monotonic()
            until = began + self.most_seconds
            self.observer.evaluate = lambda call: self._evaluate(call, ask, loop, over, until)
            try:
                self.unfit = await asyncio.to_thread(draw, self.target, self.observer, seed)
            finally:
                over.set()
                self.seconds = time.monotonic() - began

        report = await sandbox.aexplore(subject.files, subject.module, questions, limits=limits)
        self.ended = "not run" if report.not_run else self.ended or report.ended
        if self.ended in ("normal", "exit", "killed") and self.observer.asked:
            self.observer.note("crash", self.observer.asked, "a result", "the process died")
        return report

    def _evaluate(
        self, call: str, ask: Ask, loop: asyncio.AbstractEventLoop, over: threading.Event, until: float
    ) -> Outcome:
        """Evaluate a call from the drawing thread. Raises `EnoughError` when the time is up or the run is over."""
        self.calls += 1
        left = until - time.monotonic()
        if left <= 0 or self.calls > MAX_CALLS or over.is_set():
            self.observer.asked = ""
            self.ended = "timeout"
            raise EnoughError
        future = asyncio.run_coroutine_threadsafe(_answered(ask, call, left), loop)
        try:
            # this limit only keeps the thread from waiting for a loop that is gone
            answer = future.result(timeout=left + 5 * MAX_SECONDS)
        except (TimeoutError, asyncio.CancelledError, RuntimeError):
            answer = None
        if answer is None:
            if time.monotonic() >= until:
                self.observer.asked, self.ended = "", "timeout"
            raise EnoughError
        return answer

    async def repeat(self, subject: Subject, sandbox: CheckRunner, limits: Limits) -> float:
        """Repeat some calls in a process of their own, in another order; return the seconds of it."""
        calls = list(self.observer.first)[:MAX_REPLAYED][::-1]
        report = await sandbox.acall(subject.files, subject.module, calls, limits=limits)
        for call, outcome in zip(calls, report.results, strict=False):
            if isinstance(outcome, NoRecord) or report.ended != "normal":
                continue
            self.repeated += 1
            before = self.observer.first[call]
            if not self.target.chance and not agree(before, outcome):
                written = self.observer.calls[call]
                self.observer.note(
                    "nondeterminism", written, outcome_text(before), f"{outcome_text(outcome)} in another process"
                )
        return report.seconds

    def results(self, *, required: bool) -> tuple[CheckResult, ...]:
        """Return one result for each kind of check."""
        return tuple(self._result(kind, required=required) for kind in KINDS)

    def _result(self, kind: Kind, *, required: bool) -> CheckResult:
        title = f"{self.target.name}: {_TITLES[kind]} on more inputs of the same shape"
        seen = self.observer.found.get(kind)
        if seen is not None:
            return CheckResult(
                check=title,
                source="derived",
                evidence="values",
                result="failed",
                expected=excerpt(seen.expected),
                actual=excerpt(seen.actual),
                detail=f"the smallest input found: {excerpt(seen.call)}",
                advisory=not required,
            )
        why = self._why_not(kind)
        result: CheckOutcome = "not_run" if why else "passed"
        detail = why or f"on {self.observer.inputs} inputs{self._twice(kind)}"
        return CheckResult(
            check=title, source="derived", evidence="values", result=result, detail=detail, advisory=True
        )

    def _twice(self, kind: Kind) -> str:
        if kind != "nondeterminism":
            return ""
        return f", called twice; {self.repeated} of them in a second process, too"

    def _why_not(self, kind: Kind) -> str:
        """Why a check without a finding shows nothing either."""
        meant = {"nondeterminism": self.target.chance, "mutation": self.target.changing}.get(kind, "")
        if meant:
            return meant
        if self.observer.inputs < LEAST_INPUTS:
            return f"only {self.observer.inputs} inputs were tried ({_ENDINGS.get(self.ended, 'there were no more')})"
        if kind == "nondeterminism":
            return _unless(self.observer.comparable, "it returned no plain values to compare")
        if kind == "mutation":
            return _unless(self.observer.returned, "it returned from no call")
        return ""


_ENDINGS = {
    "not run": "the run could not be started",
    "timeout": "the time was used up",
    "memory": "the memory was used up",
    "output": "it printed too much",
}


def _unless(count: int, why: str) -> str:
    return "" if count else why


async def _answered(ask: Ask, call: str, seconds: float) -> Outcome | None:
    try:
        return await ask(call, seconds)
    except BrokenDialogueError:
        return None


def _nothing(call: str) -> Outcome:
    raise RuntimeError(f"nothing answers {call}")


def _seed(target: Target) -> int:
    """The same request gives the same inputs."""
    asked = repr((target.name, [each.name for each in target.parameters], target.samples))
    return int.from_bytes(hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def _none(unfit: Unfit) -> CheckResult:
    return CheckResult(
        check="further checks",
        source="derived",
        evidence="none",
        result="not_run",
        detail=f"no further checks: {unfit.why}",
        advisory=True,
    )
