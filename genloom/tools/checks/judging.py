"""Judging: from what a sandboxed run reported to the results of single checks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from genloom.state import CheckResult
from genloom.state.verdict import CheckOutcome
from genloom.tools.checks.comparison import Comparison, values_agree
from genloom.tools.checks.excerpt import exception_text, excerpt, value_text
from genloom.tools.checks.plan import PlannedCheck
from genloom.tools.checks.subject import Subject
from genloom.tools.sandbox.report import CallReport, Ended, NoRecord, Opaque, Raised, Returned, TestCase, TestReport

__all__ = [
    "Observation",
    "all_passed",
    "check_text",
    "judge_ending",
    "judge_examples",
    "judge_import",
    "judge_tests",
    "missing_package",
    "not_run",
    "observations",
]

Observation = Returned | Raised | NoRecord

MAX_TEST_DETAIL = 2_000
MAX_CHECK_TEXT = 2_000

_ENDINGS: dict[Ended, str] = {
    "normal": "",
    "exit": "the process left before its work was done",
    "timeout": "the run was stopped at its time limit",
    "memory": "the run was stopped at its memory limit",
    "output": "the run was stopped at its output limit",
    "killed": "the run was killed",
}

_ADVICE = {
    "generator": "; write `list(...)` around the call",
    "coroutine": "; write `asyncio.run(...)` around the call",
}


def observations(report: CallReport, count: int) -> tuple[Observation, ...]:
    """Return one observation for each call that was asked for.

    A call without a record gets a `NoRecord`; where there are more records than calls none of them is trusted.
    """
    if len(report.results) > count:
        return (NoRecord(why="there were more records than calls, so none of them counts"),) * count
    why = _ENDINGS[report.ended] or "no record of the call came out"
    return (*report.results, *(NoRecord(why=why),) * (count - len(report.results)))


def judge_import(report: CallReport, subject: Subject, probes: Mapping[str, Observation]) -> CheckResult:
    """Judge whether the module loads and defines the names asked for; `probes` are what reading each of them gave."""
    detail = ""
    lacking = [f"`{n}`" for n, o in probes.items() if isinstance(o, Raised) and "NameError" in _error_names(o)]
    if report.loading is not None:
        detail = f"the module does not load: {_problem_text(report.loading)}"
    elif lacking:
        names = ", ".join(f"`{name}`" for name in subject.defined[:10]) or "nothing"
        detail = f"the module does not define {', '.join(lacking)}; it defines {names}"
    printed = excerpt(f"{report.stdout}\n{report.stderr}")
    return CheckResult(
        check=f"import {subject.module}",
        source="import",
        evidence="none",
        result="failed" if detail else "passed",
        detail="\n".join(part for part in (detail, f"printed: {printed}" if printed else "") if part),
    )


def judge_ending(report: CallReport) -> tuple[CheckResult, ...]:
    """Return a failed result where the run did not end by itself, whatever its records say; else nothing."""
    why = _ENDINGS[report.ended]
    if not why:
        return ()
    return (CheckResult(check="the run ends by itself", source="import", evidence="none", result="failed", detail=why),)


def judge_examples(
    checks: Sequence[PlannedCheck], observed: Sequence[Observation], subject: Subject, comparison: Comparison
) -> tuple[CheckResult, ...]:
    """Judge each example by what its call gave, in the same order."""
    return tuple(_judge(c, o, subject, comparison) for c, o in zip(checks, observed, strict=True))


def judge_tests(report: TestReport) -> tuple[CheckResult, ...]:
    """Judge what pytest claimed: one result a test, and one for the session where it did not finish or found nothing.

    Skipped and expectedly failing tests are not run: they show nothing.
    """
    if report.not_run:
        return (_test("pytest", "not_run", report.not_run),)
    results = [_judge_test(case) for case in report.cases]
    if not report.complete:
        ending = _ENDINGS[report.ended] or "the session's report is incomplete"
        results.insert(0, _test("pytest", "failed", f"{ending}\n{report.stdout}\n{report.stderr}"))
    elif not results:
        results.append(_test("pytest", "not_run", f"pytest collected no test\n{report.stderr}".strip()))
    return tuple(results)


def all_passed(report: TestReport) -> bool:
    """Whether every test of a session that was whole passed."""
    return all(check.result == "passed" for check in judge_tests(report))


def not_run(check: PlannedCheck, why: str = "") -> CheckResult:
    """Return the result of an example that was not run."""
    return _result(check, "not_run", detail=why)


def _judge(check: PlannedCheck, observed: Observation, subject: Subject, comparison: Comparison) -> CheckResult:
    match observed:
        case NoRecord(why=why):
            return _result(check, "failed", detail=excerpt(why))
        case Raised():
            return _judge_raised(check, observed, subject)
        case Returned(value=value):
            if check.example.error:
                return _result(check, "failed", value_text(value), "it returned instead of raising")
            if values_agree(check.example.expected_value(), value, comparison):
                return _result(check, "passed", value_text(value), comparison.describe())
            return _result(check, "failed", value_text(value), comparison.describe() + _advice(value))
        case _:
            assert_never(observed)


def _judge_raised(check: PlannedCheck, raised: Raised, subject: Subject) -> CheckResult:
    actual = exception_text(raised)
    if check.example.error and check.example.error in _error_names(raised):
        return _result(check, "passed", actual)
    package = missing_package(raised, subject)
    if package:
        return _result(check, "not_run", actual, f"the package `{package}` is not installed")
    return _result(check, "failed", actual, "it raised")


def missing_package(observed: Observation | None, subject: Subject) -> str | None:
    """Return the package whose lack stopped the code, if that is what happened."""
    if isinstance(observed, Raised) and "ModuleNotFoundError" in _error_names(observed):
        return subject.missing_package(observed.message)
    return None


def _judge_test(case: TestCase) -> CheckResult:
    name = case.name.partition("::")[2] or case.name  # the file is the sandbox's own
    match case.result:
        case "passed":
            return _test(name, "passed", case.detail)
        case "failed" | "error":
            return _test(name, "failed", case.detail)
        case "skipped":
            return _test(name, "not_run", f"skipped: {case.detail}")
        case "xfailed" | "xpassed":
            return _test(name, "not_run", f"marked as expected to fail: {case.detail}")
        case _:
            assert_never(case.result)


def _test(name: str, result: CheckOutcome, detail: str) -> CheckResult:
    shortened = excerpt(detail, MAX_TEST_DETAIL)
    return CheckResult(check=check_text(name), source="test", evidence="test_report", result=result, detail=shortened)


def _result(check: PlannedCheck, result: CheckOutcome, actual: str = "", detail: str = "") -> CheckResult:
    example = check.example
    return CheckResult(
        check=check_text(example.text),
        source=check.source,
        evidence="values",
        result=result,
        expected=excerpt(example.expected or f"raises {example.error}"),
        actual=actual,
        detail=detail,
        fitted=check.fitted,
        hidden=check.hidden,
    )


def check_text(text: str) -> str:
    """Return the text under which a check stands in a verdict."""
    return excerpt(text, MAX_CHECK_TEXT)


def _advice(value: object) -> str:
    return _ADVICE.get(value.type_name, "") if isinstance(value, Opaque) else ""


def _error_names(raised: Raised) -> frozenset[str]:
    return frozenset(name.rpartition(".")[2] for name in raised.types)


def _problem_text(problem: Raised | NoRecord) -> str:
    return exception_text(problem) if isinstance(problem, Raised) else excerpt(problem.why)
