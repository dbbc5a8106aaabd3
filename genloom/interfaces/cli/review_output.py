"""How a review is printed: as text, JSON, SARIF or Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from genloom.state import Review

__all__ = ["ReviewForm", "put_review"]

ReviewForm = Literal["text", "json", "sarif", "markdown"]


def put_review(review: Review, form: ReviewForm, *, files: int, sources: Mapping[str, str], report: str = "") -> int:
    """Print a review of so many files and return the exit code: 0 when it approves, else 1. `sources` are the texts of the
    files with findings, `report` its Markdown where that is made already."""
    from genloom.interfaces.cli.event_text import plural
    from genloom.interfaces.cli.report import finding_lines
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.state.review import UNHEARD
    from genloom.tools.checks import to_markdown, to_sarif

    if form == "sarif":
        complete = not any(finding.rule.endswith((":not-run", ":unheard", "unread")) for finding in review.findings)
        put_json(to_sarif(review.findings, sources, complete=complete))
    elif form == "json":
        put_json({**review.model_dump(mode="json"), "files": files})
    elif form == "markdown":
        put_text((report or to_markdown(review)).rstrip())
    else:
        head = f"{review.decision}: {plural(files, 'file')}, {plural(len(review.findings), 'finding')}"
        if any(finding.rule == UNHEARD and finding.severity == "error" for finding in review.findings):
            head += ", by programs alone"
        put_text("\n".join([head, *filter(None, [review.summary and f"  {review.summary}"]), *finding_lines(review)]))
    return 0 if review.decision == "approve" else 1
