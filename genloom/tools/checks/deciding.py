"""The decision: from a verdict and a review to the outcome of the run. Pure; the table of the design."""

from __future__ import annotations

from typing import assert_never

from genloom.state import CheckResult, Draft, Failed, GenerationRequest, NotRun, Outcome, Passed, Review, Verdict
from genloom.tools.checks.judging import check_text

__all__ = ["decide_outcome"]


def decide_outcome(
    request: GenerationRequest, draft: Draft, verdict: Verdict, review: Review | None, *, accept_unverified: bool
) -> Outcome:
    """Return how the run ended for its last draft. `review` is `None` where none was asked for.

    - The review rejects, the verdict is `Failed`, or changes that the review asked for were not made: `failed`.
    - `Passed`, every check of the caller's ran and held, at least one proves the draft and no rival stands: `passed`.
    - Otherwise nothing failed and nothing proves it: `unverified`, with the reason.

    `accept_unverified` accepts an unverified draft only where it was executed and nothing failed: a `Passed` verdict, or
    `NotRun` because there was nothing to check against or some check did not run. Code that could not be run at all (no
    sandbox, a missing package) is never accepted: nobody has seen it run.
    """
    if review is not None and review.decision == "reject":
        return Outcome(result="failed", reason=f"The review rejects it. {_worst(review)}")
    match verdict:
        case Failed():
            return Outcome(result="failed", reason=verdict.reason or "A check failed.")
        case NotRun() | Passed():
            if review is not None and review.decision == "revise":
                return Outcome(result="failed", reason=f"The review asks for changes. {_worst(review)}")
        case _:
            assert_never(verdict)
    if isinstance(verdict, NotRun):
        return _not_run_outcome(verdict, accept_unverified)
    doubt = _doubt(request, draft, verdict)
    if doubt:
        return Outcome(result="unverified", reason=doubt, accepted=accept_unverified)
    return Outcome(result="passed", reason=_praise(verdict))


def _praise(verdict: Passed) -> str:
    proofs = sum(check.proves for check in verdict.checks)
    proposed = sum(check.result == "failed" and not check.advisory for check in verdict.checks)
    advisory = sum(check.result == "failed" and check.advisory for check in verdict.checks)
    proved = "One check proves it." if proofs == 1 else f"{proofs} checks prove it."
    remarks = [f"What the generator itself proposed did not all hold ({proposed} failed)."] if proposed else []
    remarks += [f"Advice: {advisory} derived from its type hints and examples did not hold."] if advisory else []
    return " ".join([proved, *remarks])


def _not_run_outcome(verdict: NotRun, accept_unverified: bool) -> Outcome:
    sentences = [verdict.reason or "It could not be checked.", verdict.hint]
    if accept_unverified and not verdict.executed:
        sentences.append("Not all of its checks could be run, so it is not accepted unverified.")
    reason = " ".join(sentence for sentence in sentences if sentence)
    return Outcome(result="unverified", reason=reason, accepted=accept_unverified and verdict.executed)


def _doubt(request: GenerationRequest, draft: Draft, verdict: Passed) -> str:
    """Say why a `Passed` verdict does not prove the draft, or nothing."""
    left_out = _left_out(request, verdict)
    if left_out:
        return f"Not everything was checked: {left_out}."
    if draft.rivals:
        decides = f" One example would decide best: {draft.deciding} == …" if draft.deciding else ""
        return f"Another candidate fits the examples as well and differs elsewhere: {draft.rivals[0]}.{decides}"
    if any(check.proves for check in verdict.checks):
        return ""
    if any(check.fitted for check in verdict.checks):
        return "It holds the examples that it was fitted to; nothing held back from it proves it."
    return "No check of the caller's proves it."


def _left_out(request: GenerationRequest, verdict: Passed) -> str:
    """Name a check of the caller's that the verdict does not show as held, or nothing."""
    skipped = next(
        (c for c in verdict.checks if c.result != "passed" and c.source not in ("proposed", "derived")), None
    )
    if skipped is not None:
        return _not_held(skipped)
    held = {check.check for check in verdict.checks}
    missing = next((e.text for e in request.all_examples if check_text(e.text) not in held), None)
    if missing is not None:
        return f"`{missing}` was not run"
    if (request.tests or "").strip() and not any(check.source == "test" for check in verdict.checks):
        return "the tests were not run"
    return ""


def _not_held(check: CheckResult) -> str:
    return "a held-out example was not run" if check.hidden else f"`{check.check}` was not run"


def _worst(review: Review) -> str:
    return review.findings[0].message if review.findings else review.summary
