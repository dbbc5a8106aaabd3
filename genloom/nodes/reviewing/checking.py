"""The node of the deterministic reviewers: some changed files, looked at without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple, NotRequired

from typing_extensions import TypedDict

from genloom.events import Note
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Finding, Review, ReviewPolicy
from genloom.state.code_review import PartReport, Remark, join_reports
from genloom.state.diff import FileDiff
from genloom.tools.checks import policy_for
from genloom.tools.checks.reviewing.changed_file import review_changed_file
from genloom.tools.checks.reviewing.changed_lines import look_at_lines
from genloom.tools.checks.reviewing.unread import is_python, run_by_machines, unread_finding
from genloom.tools.scm.texts import text_after

__all__ = ["CHECKS", "check_changes"]

CHECKS = "checks"
"""The name under which the deterministic reviewers report together."""
AT_ONCE = 2


class CheckInput(TypedDict):
    """Some changed files, whole, and their texts where they were given."""

    changes: tuple[FileDiff, ...]
    texts: NotRequired[Mapping[str, str]]
    part: NotRequired[int]


class CheckOutput(TypedDict):
    """What the deterministic reviewers say of them."""

    reports: Annotated[tuple[PartReport, ...], join_reports]


@node("check_changes")
async def check_changes(state: CheckInput, runtime: NodeRuntime) -> CheckOutput:
    """Look at each changed file with ruff, the capability pass, bandit where it is installed and the house rules, and keep
    what its changed lines cause; and at the added lines of every file for secrets and unsolved merges.

    A Python file whose text after the change is not at hand is an error, since nothing looked at it; so is a file of another
    kind that machines run. The report names all those of another kind.
    """
    policy, remarks = await asyncio.to_thread(policy_for, runtime.context)
    if not state.get("part"):
        for remark in remarks:
            runtime.emit(Note(message=remark, level="warning"))
    root = Path(runtime.context.repository) if runtime.context.repository else None
    turn = asyncio.Semaphore(AT_ONCE)

    async def look(file: FileDiff) -> _Looked:
        async with turn:
            text = await asyncio.to_thread(text_after, file, state.get("texts") or {}, root)
            return await _look(file, text, policy, runtime)

    looks = await asyncio.gather(*map(look, state["changes"]))
    reviews = [each.review for each in looks]
    names = dict.fromkeys(name for review in reviews for name in review.reviewers)
    found = (finding for review in reviews for finding in review.findings)
    report = PartReport(
        reviewer=CHECKS,
        part=state.get("part", 0),
        remarks=tuple(Remark(finding=finding, by=CHECKS, sure=True) for finding in found),
        looked=tuple(names),
        passed_over=tuple(file.path for file, each in zip(state["changes"], looks, strict=True) if each.passed_over),
    )
    return {"reports": (report,)}


class _Looked(NamedTuple):
    """What programs say of a file, and whether they read none of it but its added lines."""

    review: Review
    passed_over: bool = False


async def _look(file: FileDiff, text: str | None, policy: ReviewPolicy, runtime: NodeRuntime) -> _Looked:
    by_lines = tuple(policy.weigh(finding) for finding in await asyncio.to_thread(list, look_at_lines(file)))
    start = text if text is not None else file.new_lines.get(1)
    python = is_python(file.path, start)
    if not _has_new_text(file):
        return _Looked(Review(decision="approve", findings=by_lines))
    if not python:
        runs = run_by_machines(file.path, start)
        told = (*by_lines, policy.weigh(unread_finding(file.path, start))) if runs else by_lines
        return _Looked(Review(decision="approve", findings=told), passed_over=True)
    if text is None:
        return _Looked(Review(decision="approve", findings=(*by_lines, _without_text(file))))
    review = await review_changed_file(file, text, granted=runtime.context.granted, policy=policy)
    return _Looked(review.model_copy(update={"findings": (*by_lines, *review.findings)}))


def _has_new_text(file: FileDiff) -> bool:
    """Whether there is something to read: not in a file that goes, an empty one, or one that moves and stays of its kind."""
    if file.change == "deleted":
        return False
    of_another_kind = PurePosixPath(file.path).suffix.lower() != PurePosixPath(file.old_path).suffix.lower()
    return bool(file.hunks) or file.binary or of_another_kind


def _without_text(file: FileDiff) -> Finding:
    message = "Its text after the change is not at hand, or is another one than the change speaks of: no pass read it"
    return Finding(rule="unread", severity="error", message=message, path=file.path)
