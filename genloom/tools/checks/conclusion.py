"""The conclusion: from the results of single checks to the verdict on a draft. Pure.

The rule, first match first:

1. A check of the caller's failed, or the module does not load, lacks the asked name or does not end by itself: `Failed`.
   So where a check derived from type hints and examples failed and the policy requires these; else they decide nothing.
2. A proposed check failed and no check of the caller's proves the draft: `Failed`. Either the code or the claim is wrong,
   and repair may put either right. Where the caller's checks do prove it, a proposed check is advisory: it stands in the
   verdict as failed and changes nothing.
3. A package is missing, or a run could not be started: `NotRun`, saying what is missing.
4. The caller asked for nothing: `NotRun` (`no_checks`), whatever the proposed checks showed.
5. A check of the caller's did not run (a skipped test, no test collected): `NotRun` (`incomplete`).
6. `Passed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from genloom.state import CheckResult, Failed, Grant, NotRun, Passed, SandboxTier, Verdict
from genloom.tools.sandbox.report import CallReport, NotRunCause, TestReport

__all__ = ["Run", "conclude", "failure_reason", "not_runnable"]

_CAUSES: dict[NotRunCause, Literal["no_sandbox", "no_interpreter", "missing_package"]] = {
    "": "no_sandbox",
    "no_sandbox": "no_sandbox",
    "no_interpreter": "no_interpreter",
    "no_pytest": "missing_package",
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """Where the checks ran, for how long, which package was missing ("" for none), what prevented one of the runs, and
    how values were compared. `grants` are the runs' own."""

    sandbox: SandboxTier | None
    limits: str
    seconds: float
    missing: str = ""
    prevented: NotRun | None = None
    compared: str = ""
    grants: tuple[Grant, ...] = ()


def conclude(results: Sequence[CheckResult], run: Run, *, from_caller: bool) -> Verdict:
    """Return the verdict; `from_caller` says whether the caller asked for any check at all."""
    verdict = _ruling(results, run, from_caller)
    where = {"checks": tuple(results), "sandbox": run.sandbox, "limits": run.limits, "seconds": run.seconds}
    return verdict.model_copy(update={**where, "comparison": run.compared, "grants": run.grants})


def not_runnable(report: CallReport | TestReport) -> NotRun:
    """Return what to say of a report whose `not_run` says that nothing was started."""
    return NotRun(cause=_CAUSES[report.not_run_cause], reason=report.not_run, hint=report.hint)


def _ruling(checks: Sequence[CheckResult], run: Run, from_caller: bool) -> Verdict:
    failed = [check for check in checks if check.result == "failed"]
    decisive = [check for check in failed if check.source != "proposed" and not check.advisory]
    if not any(check.proves for check in checks):
        decisive = decisive or [check for check in failed if not check.advisory]
    if decisive:
        return Failed(reason=failure_reason(decisive[0]))
    lacking = _package_missing(run.missing) if run.missing else run.prevented
    if lacking:
        return lacking
    if not from_caller:
        return _nothing_asked(sum(check.source == "proposed" for check in checks))
    left_out = [check for check in checks if check.result == "not_run" and check.source not in ("proposed", "derived")]
    return _not_all_ran(left_out) if left_out else Passed()


def _package_missing(package: str) -> NotRun:
    return NotRun(
        cause="missing_package",
        reason=f"The code needs the package `{package}`, which this interpreter does not have.",
        hint=f"Install it there, for example with `pip install {package}`, or choose another interpreter.",
    )


def _nothing_asked(proposed: int) -> NotRun:
    reason = "The code loads, and there is no example or test to check it against."
    if proposed:
        reason = f"The code loads; what its generator proposed as checks held ({proposed}), which proves nothing."
    return NotRun(cause="no_checks", reason=reason, hint="Give an example such as `f(1) == 2`, or a test file.")


def _not_all_ran(left_out: Sequence[CheckResult]) -> NotRun:
    first = left_out[0]
    shown = "a held-out example" if first.hidden else f"`{first.check}` ({first.detail})"
    count = "One check" if len(left_out) == 1 else f"{len(left_out)} checks"
    return NotRun(cause="incomplete", reason=f"{count} did not run: {shown}{' first' if len(left_out) > 1 else ''}.")


def failure_reason(check: CheckResult) -> str:
    """Say in a sentence what went wrong with one check; of a hidden one, only that it did not hold."""
    if check.hidden:
        return "An example that was held back from the generator did not hold."
    first_line = check.detail.split("\n", 1)[0]
    if check.source == "import":
        return f"{first_line[:1].upper()}{first_line[1:]}."
    if check.source == "test":
        return f"The test `{check.check}` failed: {_pytest_error(check.detail)}"
    if check.source == "derived":
        return f"Derived check `{check.check}`: expected {check.expected}, got {check.actual}; {check.detail}."
    prefix = "The proposed check " if check.source == "proposed" else ""
    if not check.actual:
        return f"{prefix}`{check.check}` gave nothing: {first_line}."
    return f"{prefix}`{check.check}`: expected {check.expected}, got {check.actual}."


def _pytest_error(detail: str) -> str:
    """The line that pytest marks as the error, else the first."""
    lines = [line.strip() for line in detail.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E ")]
    return next(iter([*marked, *lines]), "no detail was reported")
