"""The node of the deterministic reviewers: some changed files, looked at without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NotRequired

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

    A Python file whose text after the change is not at hand is told of, since nothing looked at it.
    """
    policy, remarks = await asyncio.to_thread(policy_for, runtime.context)
    if not state.get("part"):
        for remark in remarks:
            runtime.emit(Note(message=remark, level="warning"))
    root = Path(runtime.context.repository) if runtime.context.repository else None
    turn = asyncio.Semaphore(AT_ONCE)

    async def look(file: FileDiff) -> Review:
        async with turn:
            text = await asyncio.to_thread(text_after, file, state.get("texts") or {}, root)
            return await _look(file, text, policy, runtime)

    reviews = await asyncio.gather(*map(look, state["changes"]))
    names = dict.fromkeys(name for review in reviews for name in review.reviewers)
    found = (finding for review in reviews for finding in review.findings)
    report = PartReport(
        reviewer=CHECKS,
        part=state.get("part", 0),
        remarks=tuple(Remark(finding=finding, by=CHECKS, sure=True) for finding in found),
        looked=tuple(names),
    )
    return {"reports": (report,)}


async def _look(file: FileDiff, text: str | None, policy: ReviewPolicy, runtime: NodeRuntime) -> Review:
    by_lines = tuple(policy.weigh(finding) for finding in await asyncio.to_thread(list, look_at_lines(file)))
    python = file.path.endswith((".py", ".pyw")) and file.change != "deleted" and bool(file.hunks)
    if not python:
        return Review(decision="approve", findings=by_lines)
    if text is None:
        return Review(decision="approve", findings=(*by_lines, *_unread(file)))
    review = await review_changed_file(file, text, granted=runtime.context.granted, policy=policy)
    return review.model_copy(update={"findings": (*by_lines, *review.findings)})


def _unread(file: FileDiff) -> Iterator[Finding]:
    message = "Only its changed lines are known, not the file as it is after the change: no pass read it"
    yield Finding(rule="unread", severity="warning", message=message, path=file.path)
