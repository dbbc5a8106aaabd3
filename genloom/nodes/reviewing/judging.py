"""The judge of a review: one list of all that was found, and what it decides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, NotRequired, cast, get_args

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.errors import GraphBubbleUp
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from genloom.errors import GenloomError
from genloom.events import ReviewReady
from genloom.nodes.conversation import Asked, ask_for
from genloom.nodes.node import Node
from genloom.nodes.reviewing.checking import CHECKS
from genloom.nodes.reviewing.coverage import Coverage, silence, unheard
from genloom.nodes.reviewing.json_answer import last_of_kind
from genloom.nodes.reviewing.locating import located
from genloom.nodes.reviewing.merging import Matter, as_findings, merged, ranked
from genloom.nodes.reviewing.model_reviewer import SHARE, chosen_model
from genloom.nodes.runtime import NodeRuntime
from genloom.state import SEVERITY_RANK, Finding, Review, ReviewPolicy, Severity
from genloom.state.code_review import PartReport, Remark, Reviewer, join_reports
from genloom.state.diff import FileDiff
from genloom.tools.checks import decide, policy_for, to_markdown
from genloom.tools.checks.reviewing.changed_lines import look_at_tests
from genloom.tools.scm.parts import parts_of
from genloom.tools.security import clean, present

__all__ = ["judge_findings"]

MAX_FINDINGS = 200
MAX_JUDGED = 80
MAX_MESSAGE = 500
JUDGE = "judge"


class Judgement(BaseModel):
    """A judge's answer."""

    findings: list[dict[str, Any]] = Field(  # Any: a model's own JSON
        description="Objects with numbers (of findings that are one), severity, message and unfounded"
    )


class JudgeInput(TypedDict):
    """The change, and what the reviewers report of it."""

    changes: tuple[FileDiff, ...]
    whole: NotRequired[bool]
    reports: NotRequired[Annotated[tuple[PartReport, ...], join_reports]]


class JudgeOutput(TypedDict):
    """The review, and the same as a Markdown report."""

    review: Review
    report: str
    texts: NotRequired[dict[str, str]]


def judge_findings(
    reviewers: Sequence[Reviewer] = (), model: Asked | None = None, *, judge: bool = True
) -> Node[JudgeInput, JudgeOutput]:
    """Return the node that makes one review of all reports.

    Every finding stands on a line of the change or on the file as a whole; what several say of one line is one finding that
    names them; order is by severity, then what is sure, then agreement. With a model and `judge`, one more call merges the
    wording of what models say across lines, weighs and orders it; it can neither add a finding nor touch a sure one, and
    where it cannot be heard a finding says so. `reviewers` are those who were to report: a silent one is told of.
    """

    async def conclude(state: JudgeInput, runtime: NodeRuntime) -> JudgeOutput:
        """Merge, locate, rank and decide."""
        changes, reports = state["changes"], state.get("reports") or ()
        policy, _ = await asyncio.to_thread(policy_for, runtime.context)
        placed, lost = _placed(reports, changes)
        coverage = Coverage(changes, reports, reviewers)
        placed = coverage.told(placed)
        if not state.get("whole"):
            placed += [_sure(policy.weigh(finding)) for finding in look_at_tests(changes)]
        matters = merged(placed)
        asked = chosen_model(None, model, runtime)
        silent = list(unheard(reviewers, reports, len(parts_of(changes))))
        told = silent if asked or any(reviewer.model for reviewer in reviewers) else []
        if judge and asked is not None:
            matters, problem = await _judged(matters, asked, runtime)
            told += [problem] if problem is not None else []
        review = _review(matters, told, reports, _remarks(lost, coverage.summary(placed)), policy)
        runtime.emit(ReviewReady(decision=review.decision, findings=len(review.findings)))
        return {"review": review, "report": to_markdown(review), "texts": {}}

    return Node(conclude, name="judge_findings")


def _placed(reports: Sequence[PartReport], changes: Sequence[FileDiff]) -> tuple[list[Remark], int]:
    """All remarks, those of models on lines of the change; and how many of theirs stand nowhere in it."""
    remarks = [remark for report in reports for remark in report.remarks]
    there = [remark if remark.sure else located(remark, changes) for remark in remarks]
    return [remark for remark in there if remark is not None], sum(remark is None for remark in there)


def _remarks(lost: int, unread: str) -> list[str]:
    remarks = [f"{lost} remark{'s' if lost > 1 else ''} of models named no file of the change and were left out."]
    return [*(remarks if lost else ()), *([unread] if unread else ())]


def _sure(finding: Finding) -> Remark:
    return Remark(finding=finding, by=CHECKS, sure=True)


async def _judged(matters: list[Matter], model: Asked, runtime: NodeRuntime) -> tuple[list[Matter], Finding | None]:
    """Let a model judge what models said; returns a finding where it could not be heard."""
    open_ = [matter for matter in matters if not matter.sure][:MAX_JUDGED]
    if len(open_) < 2:
        return matters, None
    try:
        async with asyncio.timeout(runtime.policy.limit_seconds * SHARE):
            judgement = await _judgement(matters, open_, model, runtime)
    except GraphBubbleUp:
        raise
    except Exception as error:
        if runtime.will_retry(error):
            raise
        said = error.message if isinstance(error, GenloomError) else type(error).__name__
        return matters, silence(f"{JUDGE} was not heard, the findings stand as they were reported: {said}")
    if judgement is None:
        return matters, silence(f"{JUDGE} gave no judgement that can be read; the findings stand as they were reported")
    kept = [matter for matter in matters if matter.sure or matter not in open_]
    return ranked([*kept, *_applied(judgement, open_, runtime.settings.secrets)]), None


async def _judgement(
    matters: Sequence[Matter], open_: Sequence[Matter], model: Asked, runtime: NodeRuntime
) -> Judgement | None:
    sure = [matter for matter in matters if matter.sure][:MAX_JUDGED]
    lines = [f"sure: {_line(matter)}" for matter in sure]
    lines += [f"{number}. {_line(matter)}" for number, matter in enumerate(open_, 1)]
    findings = present("findings", "\n".join(lines), secrets=runtime.settings.secrets)
    messages = [
        SystemMessage(runtime.prompts.load("review_judge").render()),
        HumanMessage(runtime.prompts.load("review_findings").render(findings=findings)),
    ]
    answer, text = await ask_for(Judgement, model, messages, runtime)
    return answer or last_of_kind(Judgement, text)


def _line(matter: Matter) -> str:
    finding, quote = matter.first.finding, " ".join(matter.first.quote.split())[:200]
    said = f"[{', '.join(matter.reviewers)}; {matter.weight}] {finding.path}:{finding.line} {finding.message}"
    return f"{said} | {quote}" if quote else said


def _applied(judgement: Judgement, open_: Sequence[Matter], secrets: Sequence[str]) -> list[Matter]:
    """The judged matters: each is in one at most, and one that the judge passed over stands as it was."""
    left = dict(enumerate(open_, 1))
    made: list[Matter] = []
    for each in judgement.findings[:MAX_JUDGED]:
        given = each.get("numbers")
        numbers = [n for n in given if isinstance(n, int) and n in left] if isinstance(given, list) else []
        together = [left.pop(number) for number in dict.fromkeys(numbers)]
        if together:
            made.append(_one(together, each, secrets))
    return [*made, *left.values()]


def _one(together: Sequence[Matter], given: dict[str, Any], secrets: Sequence[str]) -> Matter:  # Any: as above
    matter = Matter(tuple(remark for each in together for remark in each.remarks))
    ranks = [SEVERITY_RANK[each.weight] for each in together]
    wanted = str(given.get("severity", "")).strip().lower()
    if given.get("unfounded") is True:
        wanted, ranks = "note", [0, *ranks]
    said = " ".join(clean(str(given.get("message") or "")[:MAX_MESSAGE], secrets=secrets).text.split())
    judged = SEVERITY_RANK[cast("Severity", wanted)] if wanted in get_args(Severity) else max(ranks)
    rank = max(min(ranks), min(judged, max(ranks)))  # the judge weighs within what was said
    severity = next(name for name, value in SEVERITY_RANK.items() if value == rank)
    return replace(matter, message=said.encode("utf-8", "replace").decode(), severity=severity)


def _review(
    matters: Sequence[Matter],
    told: Sequence[Finding],
    reports: Sequence[PartReport],
    remarks: Sequence[str],
    policy: ReviewPolicy,
) -> Review:
    found = [policy.weigh(finding) for finding in as_findings(matters)]
    ordered = sorted([*found, *told], key=lambda finding: -SEVERITY_RANK[finding.severity])  # keeps the rank within
    cut = tuple(f.model_copy(update={"message": f.message[:MAX_MESSAGE]}) for f in ordered[:MAX_FINDINGS])
    if len(ordered) > MAX_FINDINGS:
        remarks = [f"{len(ordered) - MAX_FINDINGS} lighter findings are left out.", *remarks]
    looked = dict.fromkeys(name for report in reports for name in report.looked)
    return Review(decision=decide(ordered, policy), findings=cut, reviewers=tuple(looked), summary=" ".join(remarks))
