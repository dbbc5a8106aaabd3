"""The deterministic review of a changed file: what its changed lines cause, and nothing that stood there before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from genloom.state import Capability, Finding, PolicyAction, Review, ReviewPolicy
from genloom.state.diff import FileDiff
from genloom.tools.checks.reviewing.changed_lines import is_test
from genloom.tools.checks.reviewing.policy import decide
from genloom.tools.checks.reviewing.review import DEFAULT_POLICY, review_source
from genloom.tools.checks.reviewing.unread import is_python
from genloom.tools.scm.texts import text_before

__all__ = ["review_changed_file"]

FURTHER: dict[str, PolicyAction] = dict.fromkeys(
    (
        *("PERF1*", "PERF4*"),  # needless copies, and loops that build what a comprehension does
        *("PLR0124", "PLW0127", "PLW0128", "PLW0129", "PLW0131", "PLW0133", "PLW0711", "PLW1501", "PLW1508"),
        *("RUF006", "RUF008", "RUF009", "T100", "PT010", "PT015"),
    ),
    "warning",
)
"""Ruff's rules of performance, correctness and tests that are right nearly always, beside the review's own selection."""


async def review_changed_file(
    file: FileDiff, text: str, *, granted: Collection[Capability] = (), policy: ReviewPolicy = DEFAULT_POLICY
) -> Review:
    """Review a changed Python file, `text` being what it is after the change.

    Found is what stands on an added line, and what the text before the change did not have elsewhere. A capability is told
    once for a file. It is a note where the file used it before, and in tests, which must reach for files and processes;
    what is a blocker stays one.
    """
    wider = policy.model_copy(update={"rules": {**FURTHER, **policy.rules}})
    review = await review_source(text, file.path, granted=granted, policy=wider)
    new = file.change == "added" or not is_python(file.old_path, text)
    before = None if new or not review.findings else text_before(file, text)
    findings = review.findings
    if before is not None:
        old = await review_source(before, file.old_path, granted=granted, policy=wider)
        findings = tuple(_caused(file, findings, text, old.findings, before))
    if is_test(file.path):
        findings = tuple(map(_of_a_test, findings))
    findings = tuple(_told_once(findings))
    return review.model_copy(update={"findings": findings, "decision": decide(findings, wider), "summary": ""})


def _of_a_test(finding: Finding) -> Finding:
    reach = finding.rule.startswith("capability:") and finding.severity in ("warning", "error")
    together = finding.rule.startswith("combination:")
    if not reach and not together:
        return finding
    return finding.model_copy(
        update={"severity": "note" if reach else "warning", "message": f"{finding.message} (in a test)"}
    )


def _told_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for each capability and severity of a file, which counts its further lines."""
    together: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.rule.startswith("capability:") and finding.severity != "blocker":
            together.setdefault((finding.rule, finding.severity), []).append(finding)
        else:
            yield finding
    for alike in together.values():
        first, *more = sorted(alike, key=lambda finding: finding.line)
        lines = ", ".join(str(finding.line) for finding in more[:10]) + (", …" if len(more) > 10 else "")
        told = f"{first.message}; also on line{'s' if len(more) > 1 else ''} {lines}" if more else first.message
        yield first.model_copy(update={"message": told})


def _caused(
    file: FileDiff, new: Collection[Finding], text: str, old: Collection[Finding], before: str
) -> Iterator[Finding]:
    earlier, lines = before.split("\n"), text.split("\n")
    stood, added = Counter(_sign(finding, earlier) for finding in old), file.added
    used = {finding.rule for finding in old if finding.rule.startswith("capability:")}
    for finding in new:
        sign = _sign(finding, lines)
        if finding.line not in added and stood[sign]:
            stood[sign] -= 1
        elif finding.rule in used and finding.severity not in ("note", "blocker"):
            told = f"{finding.message} (as this file did before)"
            yield finding.model_copy(update={"severity": "note", "message": told})
        else:
            yield finding


def _sign(finding: Finding, lines: list[str]) -> tuple[str, str]:
    """What stays the same of a finding when lines move."""
    return finding.rule, lines[finding.line - 1].strip() if 0 < finding.line <= len(lines) else finding.message
