"""A review as Markdown, for people: a heading, what was decided, and the findings by file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from genloom.state import Finding, Review
from genloom.tools.inert_text import inert, on_one_line

__all__ = ["to_markdown"]

MOST = 100
_DECIDED = {
    "approve": "Nothing asks for a change.",
    "revise": "Something must be changed.",
    "reject": "This must not be taken as it is.",
}
LONGEST = 2_000


def to_markdown(review: Review) -> str:
    """Return a review as Markdown (CommonMark). Words of findings are text in it, on one line, without secrets and hidden
    text: no markup, link, mention or HTML of theirs works, here or at a code host. At most 100 findings are shown, the
    others counted."""
    return "\n".join(_lines(review)) + "\n"


def _lines(review: Review) -> Iterator[str]:
    yield f"# Review: {review.decision}"
    yield ""
    count = len(review.findings)
    yield f"{_DECIDED[review.decision]} {count} finding{'' if count == 1 else 's'}."
    if review.reviewers:
        yield f"Looked: {', '.join(map(_text, review.reviewers))}."
    if review.summary:
        yield _text(review.summary)
    shown = review.findings[:MOST]
    for path in dict.fromkeys(finding.path for finding in shown):
        yield ""
        yield f"## {_code(path) if path else 'The change as a whole'}"
        yield ""
        yield from (_finding(finding) for finding in shown if finding.path == path)
    if count > MOST:
        yield ""
        yield f"… and {count - MOST} more."


def _finding(finding: Finding) -> str:
    line = f"line {finding.line}: " if finding.line else ""
    return f"- **{finding.severity}** {line}{_text(finding.message)} ({_code(finding.rule)})"


def _text(text: str) -> str:
    return inert(text, most=LONGEST)


def _code(text: str) -> str:
    """A text as code, in a fence of more backticks than it holds in a row."""
    plain = on_one_line(text) or " "
    fence = "`" * (max(map(len, re.findall(r"`+", plain)), default=0) + 1)
    edge = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{edge}{plain}{edge}{fence}"
