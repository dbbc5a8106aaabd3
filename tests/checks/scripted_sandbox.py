"""A sandbox whose reports are written by hand, to judge reports that a real one seldom gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from genloom.tools.sandbox import Grants, Limits
from genloom.tools.sandbox.report import CallReport, NoRecord, Raised, Returned, TestCase, TestReport

__all__ = ["CALLS", "TESTS", "ScriptedSandbox", "cases", "error", "value"]

CALLS = CallReport(tier="landlock", limits="1 s", seconds=0.5, ended="normal")
TESTS = TestReport(tier="landlock", limits="1 s", seconds=0.25, ended="normal", complete=True)


def value(plain: Any) -> Returned:
    return Returned(value=plain)


def error(name: str, message: str = "", line: int = 0) -> Raised:
    return Raised(types=(name, "Exception", "BaseException", "object"), message=message, line=line)


def cases(*results: str) -> tuple[TestCase, ...]:
    return tuple(
        TestCase(name=f"test_{i}", result=result, detail=f"why {i}")  # type: ignore[arg-type]  # texts of the Literal
        for i, result in enumerate(results)
    )


@dataclass
class ScriptedSandbox:
    """Gives each call the answer written for it, `None` where there is none; remembers what it was asked."""

    answers: Mapping[str, Returned | Raised | NoRecord] = field(default_factory=dict)
    calls: CallReport = CALLS
    later: CallReport | None = None
    """What the runs after the first report, when that differs from `calls`."""
    tests: TestReport = TESTS
    asked: list[tuple[str, ...]] = field(default_factory=list)
    shown: list[Mapping[str, str]] = field(default_factory=list)

    limits: Limits = field(default_factory=lambda: Limits(wall_seconds=4))
    given: list[Limits | None] = field(default_factory=list)
    """The limits that each run was given."""
    granted: list[Grants] = field(default_factory=list)
    recorded: list[tuple[str, ...]] = field(default_factory=list)
    """The files whose lines each run was to record."""

    def granting(self, grants: Grants) -> ScriptedSandbox:
        self.granted.append(grants)
        return self

    async def acall(
        self,
        files: Mapping[str, str],
        module: str,
        calls: Sequence[str],
        *,
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> CallReport:
        self.recorded.append(tuple(record_lines))
        self.given.append(limits)
        self.asked.append((module, *calls))
        self.shown.append(dict(files))
        report = self.later if self.later is not None and len(self.asked) > 1 else self.calls
        if report.results or report.not_run or report.loading:
            return report
        return replace(report, results=tuple(self.answers.get(call, Returned(value=None)) for call in calls))

    async def atest(
        self,
        files: Mapping[str, str],
        tests: str,
        *,
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> TestReport:
        self.recorded.append(tuple(record_lines))
        self.given.append(limits)
        self.asked.append(("pytest", tests))
        return self.tests
