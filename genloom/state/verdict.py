"""A verdict: what the checks of one draft showed. Never a bool: "could not check" is not "passed"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from genloom.state.coverage import Coverage
from genloom.state.part import StatePart

__all__ = [
    "CheckOutcome",
    "CheckResult",
    "CheckSource",
    "Evidence",
    "Failed",
    "Grant",
    "NotRun",
    "Passed",
    "SandboxTier",
    "Verdict",
]

Evidence = Literal["values", "test_report", "none"]
"""`values`: the parent compared values that came out. `test_report`: the draft's own interpreter claims it."""

CheckSource = Literal["example", "held_out", "test", "doctest", "assertion", "proposed", "derived", "import"]
"""Where a check comes from. `proposed` ones a model made up; `derived` ones genloom made of type hints and examples;
`import` is only that the module loads."""

SandboxTier = Literal["bubblewrap", "landlock", "seatbelt", "rlimits"]

Grant = Literal["loopback", "shared_memory"]
"""What a run may do among its own processes: see `genloom.tools.sandbox.Grants`."""

CheckOutcome = Literal["passed", "failed", "not_run"]

_STRENGTH: dict[Evidence, int] = {"none": 0, "test_report": 1, "values": 2}


class CheckResult(StatePart):
    """What one check showed. `check` is its text; `fitted` marks one that the generator was fitted to;
    `hidden` one whose values never reach a generator or repair (a held-out example); `advisory` one that decides
    nothing, whatever it shows."""

    check: str
    source: CheckSource
    evidence: Evidence
    result: CheckOutcome
    expected: str = ""
    actual: str = ""
    detail: str = ""
    fitted: bool = False
    hidden: bool = False
    advisory: bool = False

    @property
    def proves(self) -> bool:
        """Whether it is a check of the caller's that held and that the draft was not fitted to."""
        return self.result == "passed" and not self.fitted and self.source not in ("proposed", "derived", "import")


class _Checked(StatePart):
    checks: tuple[CheckResult, ...] = ()
    sandbox: SandboxTier | None = None
    grants: tuple[Grant, ...] = ()
    limits: str = ""
    seconds: float = 0.0
    coverage: Coverage | None = None
    comparison: str = ""
    """How values were compared, in words; empty where none were."""

    @property
    def evidence(self) -> Evidence:
        """The weakest evidence among the checks that ran, `none` when there is none. What was derived beside them says
        nothing of how the caller's were checked."""
        asked = [check for check in self.checks if check.source not in ("import", "derived")]
        ran = [check.evidence for check in asked if check.result != "not_run"]
        return min(ran, key=_STRENGTH.__getitem__, default="none")


class Passed(_Checked):
    """Every check of the caller's ran and held; checks that a model proposed may have failed, which is advice."""

    result: Literal["passed"] = "passed"


class Failed(_Checked):
    """At least one check ran and did not hold. `reason` says in a sentence what went wrong first."""

    result: Literal["failed"] = "failed"
    reason: str = ""


class NotRun(_Checked):
    """Nothing was shown: no sandbox is possible, there is nothing to check against, or a check could not be run.

    `cause` tells them apart: with `no_checks` (the code loads, and nothing asks more of it) and `incomplete` (some check of
    the caller's did not run, such as a skipped test) the code itself was executed, and nothing failed. `stale` says that a
    file which the draft replaces has changed since.
    """

    result: Literal["not_run"] = "not_run"
    cause: Literal[
        "no_checks", "incomplete", "no_sandbox", "no_interpreter", "missing_package", "unsupported", "no_draft", "stale"
    ] = "no_checks"
    reason: str = ""
    hint: str = ""

    @property
    def executed(self) -> bool:
        """Whether the code ran all the same."""
        return self.cause in ("no_checks", "incomplete")


Verdict = Annotated[Passed | Failed | NotRun, Field(discriminator="result")]
