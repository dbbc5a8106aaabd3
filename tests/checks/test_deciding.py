"""The outcome of a run, and what repair may hear."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import (
    CheckResult,
    Draft,
    Failed,
    FileChange,
    Finding,
    GenerationRequest,
    NotRun,
    Outcome,
    Passed,
    Review,
    Verdict,
)
from genloom.tools.checks import decide_outcome, evidence_for_repair, verdict_to_json

REQUEST = GenerationRequest(prompt="the area", name="area", examples=("area(2) == 4",))
DRAFT = Draft(changes=(FileChange(path="area.py", content="def area(r): ..."),), generator="model", name="area")
REJECT = Review(decision="reject", findings=(Finding(rule="x", severity="blocker", message="it attacks"),))
REVISE = Review(decision="revise", findings=(Finding(rule="x", severity="error", message="wrong name"),))
APPROVE = Review(decision="approve")


def check(text: str = "area(2) == 4", **fields: Any) -> CheckResult:
    base = {"check": text, "source": "example", "evidence": "values", "result": "passed"}
    return CheckResult.model_validate(base | fields)


PASSED = Passed(checks=(check(),))


def outcome(
    verdict: Verdict, review: Review | None = APPROVE, *, accept: bool = False, draft: Draft = DRAFT, **asked: Any
) -> Outcome:
    request = REQUEST.model_copy(update=asked)
    return decide_outcome(request, draft, verdict, review, accept_unverified=accept)


@pytest.mark.parametrize(
    ("verdict", "review", "result"),
    [
        (PASSED, APPROVE, "passed"),
        (PASSED, None, "passed"),
        (PASSED, REVISE, "failed"),
        (PASSED, REJECT, "failed"),
        (Failed(reason="no"), None, "failed"),
        (Failed(reason="no"), APPROVE, "failed"),
        (NotRun(cause="no_checks"), None, "unverified"),
        (NotRun(cause="no_checks"), REJECT, "failed"),
        (NotRun(cause="incomplete"), None, "unverified"),
        (NotRun(cause="no_checks"), REVISE, "failed"),
        (NotRun(cause="no_sandbox"), None, "unverified"),
        (NotRun(cause="missing_package"), APPROVE, "unverified"),
        (Passed(checks=(check(fitted=True),)), APPROVE, "unverified"),
        (Passed(checks=(check(fitted=True), check("area(3) == 9", source="held_out", hidden=True))), APPROVE, "passed"),
        (Passed(checks=(check(), check("area(7) == 49", source="proposed", result="failed"))), APPROVE, "passed"),
        (Passed(checks=(check(result="not_run"),)), APPROVE, "unverified"),
        (Passed(checks=(check("area(3) == 9"),)), APPROVE, "unverified"),
        (Passed(checks=()), APPROVE, "unverified"),
    ],
)
def test_the_table_of_outcomes(verdict: Verdict, review: Review | None, result: str) -> None:
    """Each row of the design's table."""
    assert outcome(verdict, review).result == result


def test_a_check_of_the_caller_that_the_verdict_does_not_show_is_named() -> None:
    """`passed` needs every example of the request among the checks that held, and the tests too."""
    assert "`area(2) == 4`" in outcome(Passed(checks=(check("area(9) == 81"),))).reason
    assert outcome(PASSED, tests="def test(): ...").result == "unverified"
    tested = Passed(checks=(check(), check("test_it", source="test", evidence="test_report")))
    assert outcome(tested, tests="def test(): ...").result == "passed"


def test_proposed_checks_do_not_prove() -> None:
    """A verdict whose only passing checks are the generator's own is unverified."""
    verdict = Passed(checks=(check("area(1) == 1", source="proposed"), check("import area", source="import")))
    assert outcome(verdict, examples=()).result == "unverified"


def test_a_rival_overrides_what_held() -> None:
    """Where another candidate fits as well, nothing is proven."""
    rivals = DRAFT.model_copy(update={"rivals": ("r ** 2 differs at 0.5",)})
    decided = outcome(PASSED, draft=rivals)
    assert decided.result == "unverified"
    assert "r ** 2" in decided.reason


@pytest.mark.parametrize(
    ("verdict", "accepted"),
    [
        (NotRun(cause="no_checks"), True),
        (NotRun(cause="incomplete"), True),
        (Passed(checks=(check(fitted=True),)), True),
        (NotRun(cause="no_sandbox"), False),
        (NotRun(cause="no_interpreter"), False),
        (NotRun(cause="missing_package"), False),
        (NotRun(cause="unsupported"), False),
        (NotRun(cause="no_draft"), False),
    ],
)
def test_only_what_was_executed_can_be_accepted(verdict: Verdict, accepted: bool) -> None:
    """Accepting unverified code never accepts code that nobody has seen run, and never by default."""
    decided = outcome(verdict, None, accept=True)
    assert (decided.result, decided.accepted, decided.usable) == ("unverified", accepted, accepted)
    assert not outcome(verdict, None).usable
    if not accepted:
        assert "could be run" in decided.reason


SOURCES = st.sampled_from(["example", "held_out", "test", "doctest", "assertion", "proposed", "import"])
RESULTS = st.sampled_from(["passed", "failed", "not_run"])
CHECKS = st.builds(
    lambda text, source, result, fitted: check(
        text, source=source, result=result, fitted=fitted, hidden=source == "held_out"
    ),
    st.sampled_from(["area(2) == 4", "area(3) == 9", "test_area"]),
    SOURCES,
    RESULTS,
    st.booleans(),
)
VERDICTS = st.one_of(
    st.builds(lambda checks: Passed(checks=tuple(checks)), st.lists(CHECKS, max_size=4)),
    st.builds(lambda checks: Failed(checks=tuple(checks), reason="no"), st.lists(CHECKS, max_size=4)),
    st.builds(NotRun, cause=st.sampled_from(["no_checks", "incomplete", "no_sandbox", "missing_package"])),
)


@given(
    VERDICTS, st.sampled_from([None, APPROVE, REVISE, REJECT]), st.booleans(), st.lists(st.just("rival"), max_size=1)
)
def test_passed_is_never_more_than_the_checks_show(
    verdict: Verdict, review: Review | None, accept: bool, rivals: list[str]
) -> None:
    """Whatever is put together, `passed` needs a `Passed` verdict with a proof, no rival and an approving review."""
    decided = outcome(verdict, review, accept=accept, draft=DRAFT.model_copy(update={"rivals": tuple(rivals)}))
    if decided.result == "passed":
        assert isinstance(verdict, Passed)
        assert any(one.proves for one in verdict.checks)
        assert not rivals
        assert review is None or review.decision == "approve"
        assert all(one.result == "passed" for one in verdict.checks if one.source != "proposed")
    if decided.accepted:
        assert accept
        assert decided.result == "unverified"


def test_evidence_tells_failures_and_findings() -> None:
    """Repair hears what was expected, what came, the traceback and the review's errors."""
    failing = check(result="failed", expected="4", actual="5", detail="compared by ==")
    broken = check("test_it", source="test", evidence="test_report", result="failed", detail="assert 1 == 2\nE  assert")
    text = evidence_for_repair(Failed(checks=(failing, broken, check("area(0) == 0")), reason="no"), REVISE)
    for words in ("`area(2) == 4`: expected 4, got 5", "test_it", "E  assert", "1 other checks held", "wrong name"):
        assert words in text


def test_an_approving_review_says_nothing_to_repair() -> None:
    """Notes of a review that approved do not send the next generator off."""
    noted = Review(decision="approve", findings=(Finding(rule="F401", severity="note", message="unused"),))
    assert "unused" not in evidence_for_repair(PASSED, noted)


SECRETS = st.text(alphabet="QXZ", min_size=6, max_size=12)


@given(secret=SECRETS, result=RESULTS, visible=st.booleans())
def test_nothing_of_a_hidden_check_but_its_number_reaches_repair(secret: str, result: str, visible: bool) -> None:
    """No call, expectation, value or message of a held-out check stands in the evidence."""
    hidden = check(
        f"area('{secret}') == '{secret}'",
        source="held_out",
        hidden=True,
        result=result,
        expected=secret,
        actual=secret,
        detail=secret,
    )
    others = (check(result="failed", expected="4", actual="5"),) if visible else ()
    text = evidence_for_repair(Failed(checks=(*others, hidden), reason="An example did not hold."), None)
    assert secret not in text
    assert ("1 further checks" in text) == (result == "failed")


def test_evidence_is_bounded() -> None:
    """However much failed, the evidence fits into a prompt."""
    many = tuple(
        check(f"test_{i}", source="test", evidence="test_report", result="failed", detail="x" * 2000)
        for i in range(500)
    )
    assert len(evidence_for_repair(Failed(checks=many, reason="no"), None)) <= 8_000


def test_a_verdict_as_json_keeps_the_contract() -> None:
    """The keys of the contract are there, and the user's own held-out examples are shown to the user."""
    hidden = check("area(3) == 9", source="held_out", hidden=True, expected="9", actual="9")
    shown = verdict_to_json(Passed(checks=(hidden,), sandbox="landlock", seconds=0.5))
    assert shown["result"] == "passed"
    assert shown["evidence"] == "values"
    assert shown["sandbox"] == "landlock"
    assert shown["checks"][0]["expected"] == "9"
    assert {"source", "evidence", "result", "expected", "actual", "detail"} <= shown["checks"][0].keys()
    assert verdict_to_json(NotRun(cause="no_sandbox", hint="do this"))["hint"] == "do this"
