"""Posting a review on a pull request: each finding on its line, once, and one summary that is kept up to date.

A rerun posts only what is not there yet. What is there is known by marks in comments of the token's own account; it is
looked up before anything is posted, and again whenever an answer was lost.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from genloom.errors import ForgeError, UsageError
from genloom.state import SEVERITY_RANK
from genloom.state.diff import FileDiff
from genloom.state.review import Finding, Review
from genloom.tools.scm.comment_text import SUMMARY_MARK, line_comment, mark_of, review_note, summary_comment
from genloom.tools.scm.failures import may_have_worked
from genloom.tools.scm.forge import Forge, LineComment, PullRequest, Remark

__all__ = ["Posted", "PostingPlan", "marks_there", "plan_posting", "post_review"]

MAX_LINE_COMMENTS = 50
TRIES = 3
COMMENT_LIMIT = 20_000


@dataclass(frozen=True, kw_only=True)
class PostingPlan:
    """What would be posted: comments on lines by their marks, and the findings that only the summary tells."""

    comments: Mapping[str, LineComment]
    on_lines: int
    elsewhere: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What was done: comments posted now, those that were there already, those whose line the host did not take, and what
    became of the summary."""

    new: int
    already: int
    refused: int
    summary: Literal["created", "edited", "unchanged"]


def plan_posting(
    review: Review,
    changes: Sequence[FileDiff],
    *,
    most: int = MAX_LINE_COMMENTS,
    secrets: Sequence[str] = (),
) -> PostingPlan:
    """Return where each finding goes, worst first: findings on a line that the diff shows become comments there, those of
    one line and rule a single one, those of models on one line, too; at most `most`; the others go into the summary.

    A comment's mark is made of rule, path and the line's text (and the how-manieth such line it is), so that it stays the
    same when lines move, and when a model words or weighs it otherwise or another one says it.
    """
    files = {file.path: file for file in changes if file.change != "deleted"}
    ordered = sorted(review.findings, key=lambda f: (-SEVERITY_RANK[f.severity], f.path, f.line, f.rule))
    groups: dict[tuple[str, int, str], list[Finding]] = {}
    elsewhere: list[Finding] = []
    for finding in ordered:
        key = (finding.path, finding.line, "model" if finding.rule.startswith("model:") else finding.rule)
        fits = finding.path in files and finding.line in files[finding.path].new_lines
        if fits and (key in groups or len(groups) < most):
            groups.setdefault(key, []).append(finding)
        else:
            elsewhere.append(finding)
    comments: dict[str, LineComment] = {}
    for (path, line, rule), found in groups.items():
        file = files[path]
        mark = _mark(rule, file, line)
        body = line_comment(mark, found, limit=COMMENT_LIMIT, secrets=secrets)
        comments[mark] = LineComment(
            path=path, old_path=file.old_path, line=line, old_line=_old_line(file, line), body=body
        )
    on_lines = len(review.findings) - len(elsewhere)
    return PostingPlan(comments=comments, on_lines=on_lines, elsewhere=tuple(elsewhere))


async def post_review(
    forge: Forge,
    pull: PullRequest,
    changes: Sequence[FileDiff],
    review: Review,
    *,
    plan: PostingPlan | None = None,
    remarks: Sequence[str] = (),
    secrets: Sequence[str] = (),
) -> Posted:
    """Post a review of the head that `pull` names, whose changes are `changes`, by the plan that was made for it, or by one
    made now. Done again it posts nothing twice, and completes what was begun.

    Raises `UsageError` when the pull request has another head by now, and nothing is posted then; what the host raises
    otherwise.
    """
    now = await forge.pull_request(pull.number)
    if now.head != pull.head:
        raise UsageError(
            f"The pull request has new commits ({pull.head[:12]} was reviewed, {now.head[:12]} is there now): "
            "nothing was posted.",
            hint="Run the review again.",
        )
    plan = plan or plan_posting(review, changes, secrets=secrets)
    there = await marks_there(forge, pull, plan)
    refused = await _post_comments(forge, pull, plan, there)
    told = list(remarks)
    if refused:
        told.append(f"{len(refused)} comments are not on their lines: the host did not take the places.")
    back = _findings_of(refused, plan, review)
    body = summary_comment(
        review,
        head=pull.head,
        on_lines=plan.on_lines - len(back),
        elsewhere=[*back, *plan.elsewhere],
        remarks=told,
        limit=min(forge.body_limit, 60_000),
        secrets=secrets,
    )
    summary = await _put_summary(forge, pull, body)
    new = len(plan.comments) - len(there) - len(refused)
    return Posted(new=new, already=len(there), refused=len(refused), summary=summary)


async def marks_there(forge: Forge, pull: PullRequest, plan: PostingPlan) -> set[str]:
    """Return the marks of the planned comments that stand there already."""
    return _marks(await forge.line_comments(pull)) & plan.comments.keys()


async def _post_comments(forge: Forge, pull: PullRequest, plan: PostingPlan, there: set[str]) -> Sequence[LineComment]:
    """Post what is not there, and return what the host refused. After a lost answer it is looked up what is there."""
    missing = {mark: comment for mark, comment in plan.comments.items() if mark not in there}
    left = TRIES
    while missing:
        try:
            return await forge.post_on_lines(pull, review_note(len(missing)), list(missing.values()))
        except ForgeError as error:
            left -= 1
            if not left or not may_have_worked(error):
                raise
        found = _marks(await forge.line_comments(pull))
        if found & missing.keys():
            left = TRIES  # it goes on, one lost answer at a time
        missing = {mark: comment for mark, comment in missing.items() if mark not in found}
    return ()


async def _put_summary(forge: Forge, pull: PullRequest, body: str) -> Literal["created", "edited", "unchanged"]:
    for left in reversed(range(TRIES)):
        note = _summary_note(await forge.notes(pull))
        if note is not None:
            if _same(note.body, body):
                return "unchanged" if left == TRIES - 1 else "created"
            await forge.edit_note(pull, note.id, body)
            return "edited"
        try:
            await forge.add_note(pull, body)
        except ForgeError as error:
            if not left or not may_have_worked(error):
                raise
        else:
            return "created"
    raise AssertionError("unreachable: the last try returns or raises")


def _summary_note(notes: Iterable[Remark]) -> Remark | None:
    return next((note for note in notes if note.own and mark_of(note.body) == SUMMARY_MARK), None)


def _same(there: str, body: str) -> bool:
    """Whether a host would store the one as the other: it may change line ends and blanks at the end."""
    return there.replace("\r\n", "\n").rstrip() == body.rstrip()


def _marks(remarks: Iterable[Remark]) -> set[str]:
    return {mark for remark in remarks if remark.own and (mark := mark_of(remark.body)) is not None}


def _findings_of(refused: Sequence[LineComment], plan: PostingPlan, review: Review) -> list[Finding]:
    places = {(comment.path, comment.line) for comment in refused}
    told = set(plan.elsewhere)
    return [f for f in review.findings if (f.path, f.line) in places and f not in told]


def _mark(rule: str, file: FileDiff, line: int) -> str:
    lines = file.new_lines
    text = lines[line].strip()
    which = Counter(other.strip() for number, other in lines.items() if number < line)[text]
    content = "\0".join((rule, file.path, text, str(which)))
    return f"finding-{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _old_line(file: FileDiff, line: int) -> int | None:
    """Return the number in the old file of a line that stayed; `None` for an added one."""
    for hunk in file.hunks:
        old, new = hunk.old_start, hunk.new_start
        for text in hunk.lines:
            if text.startswith(" ") and new == line:
                return old
            old += not text.startswith("+")
            new += not text.startswith("-")
    return None
