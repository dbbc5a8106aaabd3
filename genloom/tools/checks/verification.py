"""Verification: run the checks of a draft in a sandbox and judge what came out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import SystemRandom

from genloom.events import CheckFinished, EventEmitter, ignore_events
from genloom.state import CheckResult, Coverage, Draft, FurtherChecks, GenerationRequest, NotRun, Verdict
from genloom.tools.checks.check_runner import CheckRunner
from genloom.tools.checks.comparison import EQUALITY, Comparison
from genloom.tools.checks.conclusion import Run, conclude, not_runnable
from genloom.tools.checks.controls.controlled_run import run_controlled
from genloom.tools.checks.controls.controls import ControlRun, Controls, judge_controls, plan_controls
from genloom.tools.checks.controls.stub import is_code
from genloom.tools.checks.coverage import TRACES_ITSELF, combined_coverage, recordable_files
from genloom.tools.checks.derived.further import derive_checks, further_seconds, load_ahead
from genloom.tools.checks.derived.target import Target, Unfit, find_target
from genloom.tools.checks.grants import grants_for
from genloom.tools.checks.judging import (
    Observation,
    all_passed,
    judge_ending,
    judge_examples,
    judge_import,
    judge_tests,
    missing_package,
    not_run,
    observations,
)
from genloom.tools.checks.placed_runner import placed_runner, view_of
from genloom.tools.checks.plan import CheckPlan, PlannedCheck, plan_checks
from genloom.tools.checks.subject import Subject, draft_subject
from genloom.tools.sandbox.conversation.line_coverage import LineCoverage
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import CallReport, TestReport
from genloom.tools.sandbox.repository.anchors import inert_anchors

__all__ = ["verify_draft", "verify_subject"]

LEAST_SECONDS = 0.05
"""What a run is given when earlier ones used up the time: it is started, and stopped with the reason in its report."""


async def verify_draft(
    draft: Draft,
    request: GenerationRequest,
    sandbox: CheckRunner,
    emit: EventEmitter = ignore_events,
    *,
    comparison: Comparison | None = None,
    further: FurtherChecks = "off",
) -> Verdict:
    """Run every check of a draft and return the verdict, with a result for each check. Values are compared as the request
    says, or by `comparison`; `further` adds checks derived from type hints and examples, once the others have held.

    Never raises for what the draft does: code that cannot be parsed, loaded or run is `Failed`; what could not be
    checked (no sandbox, a missing package, nothing to check against) is `NotRun` with its cause. The wall seconds of the
    sandbox's limits are for all runs together. Emits `CheckFinished` for each check.
    """
    subject = await asyncio.to_thread(draft_subject, draft, request, view_of(sandbox))
    if not isinstance(subject, Subject):
        return _announced(subject, emit)
    plan = await asyncio.to_thread(plan_checks, draft, request, trees=subject.trees)
    sandbox = placed_runner(
        sandbox,
        deleted=subject.deleted,
        laid=await asyncio.to_thread(_laid_over, subject),
        tests=plan.tests or "",
        tests_path=request.tests_path or "",
    )
    compared = request.comparison if comparison is None else comparison
    return await verify_subject(subject, plan, sandbox, emit, comparison=compared, further=further)


def _laid_over(subject: Subject) -> dict[str, str]:
    """What replaces files of the repository beside the draft's own: anchors of import hooks."""
    found = inert_anchors(subject.view.folder, subject.files) if subject.view else {}
    return {path: text for path, text in found.items() if path not in subject.files}


async def verify_subject(
    subject: Subject,
    plan: CheckPlan,
    sandbox: CheckRunner,
    emit: EventEmitter = ignore_events,
    *,
    comparison: Comparison = EQUALITY,
    further: FurtherChecks = "off",
) -> Verdict:
    """Run a plan's checks on a subject and return the verdict.

    Held-out examples run in a process of their own, after the others held: nothing that they pass in can leak into what
    the other checks show.
    """
    from_caller = plan.from_caller
    plan, idle = plan.without_idle(subject.trees)
    sandbox = sandbox.granting(await asyncio.to_thread(grants_for, subject.trees, plan.tests))
    recorded = recordable_files(subject.files, plan.tests)
    trial = _Trial(subject=subject, comparison=comparison, limits=sandbox.limits, recorded=recorded)
    trial.run = replace(trial.run, compared=comparison.describe())
    target = _derived_target(subject, plan, further)
    report = await trial.evaluate(sandbox, plan.visible, probes=subject.demanded)
    if report.not_run:
        return _announced(_unavailable(report, plan), emit)
    if report.loading is not None:
        trial.results += [not_run(check, "the module did not load") for check in plan.examples]
    else:
        await _run_hidden(trial, plan.hidden, sandbox)
    if report.loading is None and report.ended == "normal":  # else the tests would only run into the same end
        await _run_tests(trial, plan.tests, sandbox)
        await _run_further(trial, target, sandbox, required=further == "required")
    trial.results += [not_run(check, "it asks nothing of this code") for check in idle]
    verdict = conclude(trial.results, trial.run, from_caller=from_caller)
    return _announced(verdict.model_copy(update={"coverage": trial.coverage}), emit)


@dataclass(kw_only=True)
class _Trial:
    """What the runs on one subject have shown so far."""

    subject: Subject
    comparison: Comparison
    limits: Limits
    recorded: tuple[str, ...] = ()
    """The files whose lines are recorded, in every run of tests alike: a draft must not tell a control by it."""
    lines: list[LineCoverage | None] = field(default_factory=list)
    results: list[CheckResult] = field(default_factory=list)
    run: Run = field(default_factory=lambda: Run(sandbox=None, limits="", seconds=0.0))

    @property
    def holds(self) -> bool:
        """Whether every check of the caller's has held so far."""
        return all(check.result == "passed" or check.source == "proposed" for check in self.results)

    @property
    def coverage(self) -> Coverage | None:
        """Which lines the checks reached, their controls apart."""
        untold = TRACES_ITSELF if not self.recorded and any(map(is_code, self.subject.files)) else None
        return combined_coverage(self.lines, self.subject.files) or untold

    @property
    def left(self) -> Limits:
        """What the next run may use: earlier ones have had their part of the wall seconds."""
        seconds = max(self.limits.wall_seconds - self.run.seconds, LEAST_SECONDS)
        return replace(self.limits, wall_seconds=seconds)

    async def evaluate(
        self, sandbox: CheckRunner, checks: Sequence[PlannedCheck], *, probes: Sequence[str]
    ) -> CallReport:
        """Run examples in one process and judge them; `probes` are names that are read first."""
        calls = [*probes, *(check.example.call for check in checks)]
        report = await sandbox.acall(
            self.subject.files, self.subject.module, calls, limits=self.left, record_lines=self.recorded
        )
        if report.not_run:
            return report
        self.lines.append(report.coverage)
        observed = observations(report, len(calls))
        read, gave = observed[: len(probes)], observed[len(probes) :]
        self.account(report)
        if report.loading is not None:
            self._judge_failed_load(report, report.loading)
            return report
        self.results.append(judge_import(report, self.subject, dict(zip(probes, read, strict=True))))
        judged = judge_examples(checks, gave, self.subject, self.comparison)
        lacking = (missing_package(o, self.subject) for o, c in zip(gave, judged, strict=True) if c.result == "not_run")
        self._note_missing(next(filter(None, lacking), None))
        self.results += (*judged, *judge_ending(report))
        return report

    def judge_session(self, report: TestReport, tests: str) -> None:
        """Judge a run of pytest."""
        self.account(report)
        self.lines.append(report.coverage)
        judged = judge_tests(report)
        if report.not_run:
            self.run = replace(self.run, prevented=not_runnable(report))
        with_tests = self.subject.with_file("genloom_given_tests.py", tests)
        for check in judged:
            if check.result != "passed" and "ModuleNotFoundError" in check.detail:
                self._note_missing(with_tests.missing_package(check.detail))
        missing = self.run.missing
        self.results += (_lacking(check, missing) for check in judged) if missing else judged

    def _judge_failed_load(self, report: CallReport, problem: Observation) -> None:
        self._note_missing(missing_package(problem, self.subject))
        loading = judge_import(report, self.subject, {})
        self.results.append(_lacking(loading, self.run.missing) if self.run.missing else loading)

    def _note_missing(self, package: str | None) -> None:
        self.run = replace(self.run, missing=self.run.missing or package or "")

    def account(self, report: CallReport | TestReport) -> None:
        """Count a run's time, and note where it ran."""
        self.run = replace(
            self.run,
            sandbox=report.tier or self.run.sandbox,
            grants=report.grants or self.run.grants,
            limits=self.run.limits or report.limits,  # the first run's are the whole
            seconds=self.run.seconds + report.seconds,
        )


def _lacking(check: CheckResult, package: str) -> CheckResult:
    """Turn a failure that only a missing package brought about into a check that did not run."""
    if check.result == "failed" and f"'{package}'" in check.detail:
        return check.model_copy(update={"result": "not_run"})
    return check


async def _run_hidden(trial: _Trial, hidden: Sequence[PlannedCheck], sandbox: CheckRunner) -> None:
    if not hidden:
        return
    if not trial.holds:
        trial.results += [not_run(check, "another check failed first") for check in hidden]
        return
    aside = replace(trial, results=[])
    report = await aside.evaluate(sandbox, hidden, probes=())
    trial.run = aside.run
    if report.not_run:
        # in words of our own: nothing that came out of this run is told
        unstarted = not_runnable(report).model_copy(update={"reason": "The held-out examples could not be run."})
        trial.run = replace(trial.run, prevented=unstarted)
    if report.not_run or report.loading is not None:
        aside.results += [not_run(check, "the run could not be started") for check in hidden]
    # what the code printed in this process, or how it ended, may tell of the hidden values
    trial.results += [
        _concealed(check) for check in aside.results if check.source != "import" or check.result == "failed"
    ]


def _concealed(check: CheckResult) -> CheckResult:
    return check.model_copy(update={"detail": "", "hidden": True}) if check.source == "import" else check


async def _run_tests(trial: _Trial, tests: str | None, sandbox: CheckRunner) -> None:
    if tests is None:
        return
    files, chance = trial.subject.files, SystemRandom()
    controls = Controls()
    if trial.holds:  # else the verdict stands already
        controls = await asyncio.to_thread(plan_controls, tests, files, chance, roots=trial.subject.roots)

    async def start(files: Mapping[str, str], text: str, seconds: float) -> TestReport:
        limits = replace(trial.limits, wall_seconds=seconds)
        return await sandbox.atest(files, text, limits=limits, record_lines=trial.recorded)

    true = ControlRun(files, tests, frozenset(), frozenset(), "the tests")
    ran = await run_controlled(true, controls.runs, start, trial.left.wall_seconds, chance, all_passed)
    before = len(trial.results)
    await asyncio.to_thread(trial.judge_session, replace(ran.report, seconds=ran.seconds), tests)
    if trial.holds:
        trial.results[before:] = judge_controls(trial.results[before:], controls, ran.controls)


def _derived_target(subject: Subject, plan: CheckPlan, further: FurtherChecks) -> Target | Unfit | None:
    """What further checks are to be about. While the caller's checks run, Hypothesis is loaded."""
    if further == "off":
        return None
    told = [check.example for check in plan.visible if check.source != "proposed"]
    target = find_target(subject, told)
    if isinstance(target, Target):
        load_ahead()
    return target


async def _run_further(trial: _Trial, target: Target | Unfit | None, sandbox: CheckRunner, *, required: bool) -> None:
    """Derive further checks, where all that the caller gave held and there is time."""
    seconds = further_seconds(trial.limits, trial.run.seconds)
    if target is None or not trial.holds or trial.run.missing or trial.run.prevented or seconds < LEAST_SECONDS:
        return
    explored = await derive_checks(trial.subject, target, sandbox, trial.left, seconds, required=required)
    trial.run = replace(trial.run, seconds=trial.run.seconds + explored.seconds)
    trial.results += explored.checks


def _unavailable(report: CallReport, plan: CheckPlan) -> NotRun:
    where = {"sandbox": report.tier, "limits": report.limits, "seconds": report.seconds}
    checks = tuple(not_run(check) for check in plan.examples)
    return not_runnable(report).model_copy(update={"checks": checks, **where})


def _announced(verdict: Verdict, emit: EventEmitter) -> Verdict:
    for check in verdict.checks:
        emit(CheckFinished(check=check.check, source=check.source, result=check.result, detail=check.detail))
    return verdict
