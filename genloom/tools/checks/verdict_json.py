"""A verdict as the JSON contract shows it to a person or a program."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from genloom.state import CheckResult, Coverage, Passed, Verdict

__all__ = ["CheckJson", "CoverageJson", "FileCoverageJson", "VerdictJson", "verdict_to_json"]


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
    advisory: bool


class FileCoverageJson(TypedDict):
    """One file's lines; `missed` are ranges, each its first and last line."""

    path: str
    lines: int
    reached: int
    missed: list[list[int]]


class CoverageJson(TypedDict):
    """How many lines the draft's functions have and how many of them a check ran; `unknown` says why nothing is known."""

    lines: int
    reached: int
    files: list[FileCoverageJson]
    unknown: str


class VerdictJson(TypedDict):
    """A verdict; `cause` and `hint` stand only where nothing could be shown, `sandbox` is null where none ran, and
    `coverage` where no check began."""

    result: str
    evidence: str
    sandbox: str | None
    grants: list[str]
    limits: str
    comparison: str
    checks: list[CheckJson]
    seconds: float
    coverage: CoverageJson | None
    reason: str
    cause: NotRequired[str]
    hint: NotRequired[str]


def verdict_to_json(verdict: Verdict) -> VerdictJson:
    """Return the verdict as plain JSON data."""
    shown = VerdictJson(
        result=verdict.result,
        evidence=verdict.evidence,
        sandbox=verdict.sandbox,
        grants=list(verdict.grants),
        limits=verdict.limits,
        comparison=verdict.comparison,
        checks=[_check(check) for check in verdict.checks],
        seconds=round(verdict.seconds, 6),
        coverage=_coverage(verdict.coverage) if verdict.coverage is not None else None,
        reason="" if isinstance(verdict, Passed) else verdict.reason,
    )
    if verdict.result == "not_run":
        shown["cause"], shown["hint"] = verdict.cause, verdict.hint
    return shown


def _coverage(coverage: Coverage) -> CoverageJson:
    files = [
        FileCoverageJson(path=file.path, lines=file.lines, reached=file.reached, missed=[*map(list, file.missed)])
        for file in coverage.files
    ]
    return CoverageJson(lines=coverage.lines, reached=coverage.reached, files=files, unknown=coverage.unknown)


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
        advisory=check.advisory,
    )
