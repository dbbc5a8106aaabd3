"""What is written into comments: findings and a summary, and marks by which our own are found again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from genloom.state.review import Finding, Review
from genloom.tools.inert_text import inert

__all__ = ["line_comment", "mark_of", "marked", "review_note", "summary_comment"]

SUMMARY_MARK = "review"
MAX_PATH = 500
MAX_LISTED = 200
ROOM_FOR_END = 400

_MARK = re.compile(r"<!-- genloom:([a-z0-9-]{1,80}) -->(?:\r?\n|\Z)")


def marked(mark: str, body: str) -> str:
    """Return a comment whose first line, which nobody sees, says which it is."""
    return f"<!-- genloom:{mark} -->\n{body}"


def mark_of(body: str) -> str | None:
    """Return the mark of a comment. It counts on the first line alone, so that no text within can pretend one."""
    match = _MARK.match(body)
    return match[1] if match else None


def line_comment(mark: str, findings: Sequence[Finding], *, limit: int, secrets: Sequence[str] = ()) -> str:
    """Return the comment for findings of one line."""
    told = [f"**{f.severity}**: {inert(f.message, secrets=secrets)} ({inert(f.rule, most=100)})" for f in findings]
    return _within(marked(mark, ""), told, len(told), limit, between="\n\n")


def review_note(comments: int) -> str:
    """Return the text of a review that only holds comments; the summary is a comment of its own."""
    return f"genloom remarks on {_count(comments, 'line')}; its summary is a comment of its own."


def summary_comment(
    review: Review,
    *,
    head: str,
    on_lines: int,
    elsewhere: Sequence[Finding],
    remarks: Sequence[str] = (),
    limit: int,
    secrets: Sequence[str] = (),
) -> str:
    """Return the one comment on the whole: the decision, how much was found, and the findings that stand on no line of the
    diff. The same review gives the same text."""
    looked = ", ".join(inert(name, most=60) for name in review.reviewers[:20]) or "nobody"
    lines = [
        f"### genloom review: {review.decision}",
        "",
        f"{_counted(review.findings)}; {on_lines} on their lines. Looked at commit {head[:12]}; reviewers: {looked}.",
    ]
    if review.summary:
        lines += ["", f"Summary: {inert(review.summary, most=2_000, secrets=secrets)}"]
    lines += [part for remark in remarks for part in ("", f"Note: {inert(remark, secrets=secrets)}")]
    if elsewhere:
        lines += ["", "Not on a line that the diff shows:", ""]
    return _within(marked(SUMMARY_MARK, "\n".join(lines)), _items(elsewhere, secrets), len(elsewhere), limit)


def _items(findings: Iterable[Finding], secrets: Sequence[str]) -> Iterator[str]:
    for finding in findings:
        line = f":{finding.line}" if finding.line else ""
        place = f"{inert(finding.path, most=MAX_PATH, secrets=secrets)}{line} " if finding.path else ""
        rule = inert(finding.rule, most=100, secrets=secrets)
        yield f"- **{finding.severity}** {place}{inert(finding.message, secrets=secrets)} ({rule})"


def _within(head: str, items: Iterable[str], count: int, limit: int, *, between: str = "\n") -> str:
    """Return head and as many of the `count` items as a limit has room for; the others are counted."""
    text = head[: limit - ROOM_FOR_END]
    for number, item in enumerate(items):
        if number >= MAX_LISTED or len(text) + len(between) + len(item) > limit - ROOM_FOR_END:
            return f"{text}{between}… and {count - number} more, which have no room here."
        text += item if text.endswith("-->\n") else between + item
    return text


def _counted(findings: Sequence[Finding]) -> str:
    kinds = [(kind, sum(f.severity == kind for f in findings)) for kind in ("blocker", "error", "warning", "note")]
    told = ", ".join(_count(number, kind) for kind, number in kinds if number)
    return f"{_count(len(findings), 'finding')}{f' ({told})' if told else ''}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
