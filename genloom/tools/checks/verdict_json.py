"""A verdict as the JSON contract shows it to a person or a program."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from genloom.state import CheckResult, Passed, Verdict

__all__ = ["CheckJson", "VerdictJson", "verdict_to_json"]


class CheckJson(TypedDict):
    """One check. Held-out ones are shown in full: they are the reader's own examples."""

    check: str
    source: str
    evidence: str
    result: str
    expected: str
    actual: str
    detail: str
    fitted: bool
    hidden: bool


class VerdictJson(TypedDict):
    """A verdict; `cause` and `hint` stand only where nothing could be shown, `sandbox` is null where none ran."""

    result: str
    evidence: str
    sandbox: str | None
    limits: str
    checks: list[CheckJson]
    seconds: float
    reason: str
    cause: NotRequired[str]
    hint: NotRequired[str]


def verdict_to_json(verdict: Verdict) -> VerdictJson:
    """Return the verdict as plain JSON data."""
    shown = VerdictJson(
        result=verdict.result,
        evidence=verdict.evidence,
        sandbox=verdict.sandbox,
        limits=verdict.limits,
        checks=[_check(check) for check in verdict.checks],
        seconds=round(verdict.seconds, 6),
        reason="" if isinstance(verdict, Passed) else verdict.reason,
    )
    if verdict.result == "not_run":
        shown["cause"], shown["hint"] = verdict.cause, verdict.hint
    return shown


def _check(check: CheckResult) -> CheckJson:
    return CheckJson(
        check=check.check,
        source=check.source,
        evidence=check.evidence,
        result=check.result,
        expected=check.expected,
        actual=check.actual,
        detail=check.detail,
        fitted=check.fitted,
        hidden=check.hidden,
    )
