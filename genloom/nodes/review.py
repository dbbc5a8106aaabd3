"""The node that reads a draft: deterministic passes always, a model where one writes."""

from __future__ import annotations

import asyncio
from typing import NotRequired

from typing_extensions import TypedDict

from genloom.events import Note, ReviewReady
from genloom.nodes.node import node
from genloom.nodes.reviewers import Subject, review_with_model
from genloom.nodes.runtime import NodeRuntime
from genloom.state import CodeContext, Draft, GenerationRequest, Review, ReviewPolicy, Verdict
from genloom.tools.checks import merge_reviews, policy_for, review_draft, weigh_review
from genloom.tools.plugins import active_plugins

__all__ = ["review"]


class ReviewInput(TypedDict):
    """A draft, the request it was made for, what its checks showed and the context it was made in."""

    request: GenerationRequest
    draft: Draft
    verdict: NotRequired[Verdict | None]
    context: NotRequired[CodeContext | None]


class ReviewOutput(TypedDict):
    """The findings and the decision."""

    review: Review


@node("review")
async def review(state: ReviewInput, runtime: NodeRuntime) -> ReviewOutput:
    """Review the draft with ruff, the capability pass and the policy, and with a model where one is meant to.

    A model reviews what a model or an agent wrote, unless a draft may cost one call alone, and everything when a reviewer
    model is named. The strictest decision stands.
    """
    draft, request = state["draft"], state["request"]
    policy, remarks = await asyncio.to_thread(policy_for, runtime.context)
    for remark in remarks:
        runtime.emit(Note(message=remark, level="warning"))
    found = await review_draft(draft, request, granted=runtime.context.granted, policy=policy)
    found = merge_reviews(found, await asyncio.to_thread(_of_plugins, draft, request, policy, runtime))
    reviewer = _reviewer(draft, runtime)
    if reviewer is not None and found.decision != "reject":
        subject = Subject(request=request, draft=draft, verdict=state.get("verdict"), context=state.get("context"))
        found = merge_reviews(found, weigh_review(await review_with_model(reviewer, subject, runtime), policy))
    runtime.emit(ReviewReady(decision=found.decision, findings=len(found.findings)))
    return {"review": found}


def _of_plugins(draft: Draft, request: GenerationRequest, policy: ReviewPolicy, runtime: NodeRuntime) -> Review:
    """What the run's plugins find wrong; a check that could not be made lets nothing pass."""
    plugins = active_plugins(runtime.context, runtime.emit)
    findings = plugins.findings(draft, request)
    broken = [finding for finding in findings if finding.rule.endswith(":not-run")]
    decided = weigh_review(Review(decision="approve", findings=findings, reviewers=plugins.checkers), policy)
    return decided.model_copy(update={"decision": "reject", "summary": broken[0].message}) if broken else decided


def _reviewer(draft: Draft, runtime: NodeRuntime) -> str | None:
    if runtime.context.reviewer_model:
        return runtime.context.reviewer_model
    if runtime.context.one_call:
        return None
    written_by_a_model = draft.generator in ("model", "agent")
    return runtime.context.model if written_by_a_model and "model" in runtime.context.generators else None
