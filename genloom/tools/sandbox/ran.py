"""What came of one run, told as a report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict

from genloom.state import Grant, SandboxTier
from genloom.tools.sandbox.conversation.call_conversation import CallConversation
from genloom.tools.sandbox.conversation.pytest_conversation import TestConversation
from genloom.tools.sandbox.interpreter import Unavailable
from genloom.tools.sandbox.job import Ending, Job
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import CallReport, Ended, NotRunCause, ProgramReport, TestReport

__all__ = ["Ran"]


class _Common(TypedDict):
    """The fields that every report has."""

    tier: SandboxTier | None
    limits: str
    grants: tuple[Grant, ...]
    seconds: float
    ended: Ended
    stdout: str
    stderr: str
    not_run: str
    not_run_cause: NotRunCause
    hint: str


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run, or why there was none."""

    _common: _Common
    _ending: Ending | None = None

    @classmethod
    def ended(cls, ending: Ending, tier: SandboxTier | None, job: Job) -> Ran:
        """Return what is to be said of a job that was run under a tier."""
        common = _Common(
            tier=tier,
            limits=job.limits.text,
            grants=job.grants.names,
            seconds=ending.seconds,
            ended=ending.ended,
            stdout=ending.stdout.decode(errors="replace"),
            stderr=ending.stderr.decode(errors="replace"),
            not_run="",
            not_run_cause="",
            hint="",
        )
        return cls(_common=common, _ending=ending)

    @classmethod
    def refused(cls, why: Unavailable, limits: Limits) -> Ran:
        """Return what is to be said of a run that there was not."""
        common = _Common(
            tier=None,
            limits=limits.text,
            grants=(),
            seconds=0.0,
            ended="killed",
            stdout="",
            stderr="",
            not_run=why.reason,
            not_run_cause=why.cause,
            hint=why.hint,
        )
        return cls(_common=common)

    def call_report(self, conversation: CallConversation) -> CallReport:
        """Return what the calls of a conversation gave."""
        if not self._ending:
            return CallReport(**self._common)
        return CallReport(
            **self._common,
            results=conversation.results(self._ending),
            loading=conversation.loading(self._ending),
            coverage=conversation.coverage,
        )

    def test_report(self, conversation: TestConversation, python: str) -> TestReport:
        """Return what pytest reported in a conversation with the interpreter `python`."""
        report = TestReport(**self._common)
        if not self._ending:
            return report
        if conversation.no_pytest:
            reason = f"{python} has no pytest, and genloom's own does not fit it: {conversation.no_pytest}"
            hint = f"{python} -m pip install pytest"
            return replace(report, not_run=reason, not_run_cause="no_pytest", hint=hint)
        complete = conversation.closed and self._ending.ended == "normal"
        return replace(report, cases=tuple(conversation.cases), complete=complete, coverage=conversation.coverage)

    def program_report(self) -> ProgramReport:
        """Return how a program ended."""
        if not self._ending:
            return ProgramReport(**self._common)
        return ProgramReport(
            **self._common,
            exit_code=self._ending.exit_code,
            peak_megabytes=round(self._ending.peak / 2**20, 1),
        )
