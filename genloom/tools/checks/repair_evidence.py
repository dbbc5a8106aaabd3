"""What repair may tell the next generator about a draft that did not hold."""

from __future__ import annotations

from collections.abc import Iterator

from genloom.state import CheckResult, Failed, Finding, NotRun, Review, Verdict
from genloom.tools.checks.conclusion import failure_reason
from genloom.tools.checks.excerpt import excerpt

__all__ = ["evidence_for_repair"]

MAX_EVIDENCE = 8_000
MAX_FAILURES = 20
MAX_FINDINGS = 30


def evidence_for_repair(verdict: Verdict | None, review: Review | None) -> str:
    """Return the evidence as plain text of at most `MAX_EVIDENCE` characters: the checks that failed with what was
    expected and what came out, tracebacks, and the review's findings that asked for a change.

    Of held-out checks it tells how many did not hold and nothing else: no call, value, message or output.
    """
    parts = [*_verdict_lines(verdict), *_review_lines(review)]
    return excerpt("\n".join(parts), MAX_EVIDENCE)


def _verdict_lines(verdict: Verdict | None) -> Iterator[str]:
    if verdict is None:
        return
    failed = [check for check in verdict.checks if check.result == "failed" and not check.hidden]
    shown = [check for check in failed if not check.advisory]
    advice = [check for check in failed if check.advisory]
    held_back = sum(check.result == "failed" and check.hidden for check in verdict.checks)
    if not shown and not held_back and isinstance(verdict, Failed | NotRun) and verdict.reason:
        yield verdict.reason
    for check in shown[:MAX_FAILURES]:
        yield _failure_text(check)
    if len(shown) > MAX_FAILURES:
        yield f"- and {len(shown) - MAX_FAILURES} more checks failed"
    if held_back:
        yield f"- {held_back} further checks, whose values are not shown, did not hold: the code must hold in general."
    if advice:
        yield "Advice, which nobody asked for (mend it only where the request agrees):"
        yield from map(_failure_text, advice)
    passed = sum(check.result == "passed" and check.source not in ("import", "derived") for check in verdict.checks)
    if shown and passed:
        yield f"{passed} other checks held; keep what they rely on."


def _failure_text(check: CheckResult) -> str:
    head = f"- {failure_reason(check)}"
    first_line, _, rest = check.detail.partition("\n")
    tail = rest if first_line in head else check.detail
    return f"{head}\n{tail}" if tail.strip() else head


def _review_lines(review: Review | None) -> Iterator[str]:
    if review is None or review.decision == "approve":
        return
    yield "The review asks for changes:"
    for finding in [f for f in review.findings if f.severity != "note"][:MAX_FINDINGS]:
        yield _finding_text(finding)
    if review.summary:
        yield review.summary


def _finding_text(finding: Finding) -> str:
    where = f"line {finding.line}: " if finding.line else ""
    return f"- {where}{finding.message} [{finding.rule}, {finding.severity}]"
