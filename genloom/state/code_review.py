"""The review of a change: what comes in, what each reviewer reports of each part, and what the judge makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from genloom.state.diff import FileDiff
from genloom.state.part import StatePart, Text
from genloom.state.review import Finding, Review

__all__ = ["CodeReviewInput", "CodeReviewOutput", "CodeReviewState", "PartReport", "Remark", "Reviewer", "join_reports"]


class Reviewer(StatePart):
    """A model that reviews with one question in mind. `prompt` says what it looks for, in words of its own; without one it
    is the shipped template `review_NAME`. `model` goes before the graph's."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    prompt: Text = ""
    model: str | None = None


class Remark(StatePart):
    """A finding, who says it, and the code that it quotes. What a deterministic check says is `sure`."""

    finding: Finding
    by: str
    quote: str = ""
    sure: bool = False


class PartReport(StatePart):
    """What one reviewer says of one part of a change. `looked` are the names under which it did, `passed_over` the
    files of the part that it has no eyes for; `failure` tells why it could not be heard."""

    reviewer: str
    part: Annotated[int, Field(ge=0)]
    remarks: tuple[Remark, ...] = ()
    looked: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    failure: str = ""


def join_reports(known: Sequence[PartReport] | None, more: Sequence[PartReport] | None) -> tuple[PartReport, ...]:
    """Return all reports in the order of reviewers and parts; of two of one reviewer about one part the later one holds.
    `None` begins anew. The same however the reports come in, as parallel branches need it."""
    if more is None:
        return ()
    joined = {(report.reviewer, report.part): report for report in (*(known or ()), *more)}
    return tuple(joined[key] for key in sorted(joined))


Diff = Annotated[str | None, Field(title="Diff", description="A unified diff, as `git diff` prints it")]
Revision = Annotated[
    str | None,
    Field(
        title="Revision",
        description="The work tree of the repository is compared with this commit; `main...` with where a branch began",
    ),
]
Paths = Annotated[
    tuple[str, ...] | None,
    Field(max_length=5_000, title="Files", description="Whole files of the repository, instead of a change"),
]
Texts = Annotated[
    Mapping[str, str],
    Field(
        max_length=5_000,
        title="Texts",
        description="The changed files' texts by path, where no repository with the change is at hand",
    ),
]


class CodeReviewInput(TypedDict, total=False):
    """What the review graph takes: a diff, a revision, or paths."""

    diff: Diff
    revision: Revision
    paths: Paths
    texts: Texts


class CodeReviewOutput(TypedDict):
    """The review, and the same as a Markdown report."""

    review: Review
    report: str


class CodeReviewState(TypedDict, total=False):
    """The state of the review graph."""

    diff: Diff
    revision: Revision
    paths: Paths
    texts: Texts
    changes: tuple[FileDiff, ...]
    whole: bool
    reports: Annotated[NotRequired[tuple[PartReport, ...]], join_reports]
    review: Review
    report: str
