"""The model as a reviewer: it judges a draft against its request and the repository's conventions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, Field, ValidationError

from genloom.errors import ModelError
from genloom.nodes.briefing import constraints_section, context_section, signature_section
from genloom.nodes.conversation import ask
from genloom.nodes.runtime import NodeRuntime
from genloom.prompts import load_prompt
from genloom.state import CodeContext, Draft, Finding, GenerationRequest, Review, ReviewDecision, Severity, Verdict
from genloom.tools.chat import message_text

__all__ = ["Subject", "review_with_model"]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is reviewed, and what the reviewer may know of it."""

    request: GenerationRequest
    draft: Draft
    verdict: Verdict | None
    context: CodeContext | None


class _Remark(BaseModel):
    rule: Annotated[str, Field(max_length=80)] = "remark"
    severity: Severity = "note"
    line: Annotated[int, Field(ge=0)] = 0
    message: Annotated[str, Field(max_length=2000)]


class _Judgement(BaseModel):
    decision: ReviewDecision
    summary: Annotated[str, Field(max_length=2000)] = ""
    findings: Annotated[list[_Remark], Field(max_length=50)] = []


async def review_with_model(model: str, subject: Subject, runtime: NodeRuntime) -> Review:
    """Ask the model for a judgement in JSON and return it as a review.

    The model only adds to the deterministic review: when its server stays down, or its answer is no judgement, that is a
    finding of severity `warning` and the decision is left to the others. A refused key is an error as everywhere.
    """
    try:
        question = await _question(subject, runtime)
        answer = await ask(model, [SystemMessage(load_prompt("review_system").render()), question], runtime)
    except ModelError as error:
        if error.transient and not runtime.last_try:
            raise
        return _unheard(model, f"{model} could not be asked for a review: {error.message}")
    judgement = _judgement(message_text(answer.content))
    if judgement is None:
        return _unheard(model, f"{model} gave no review that can be read.")
    return _as_review(judgement, subject.draft, model)


async def _question(subject: Subject, runtime: NodeRuntime) -> HumanMessage:
    request = subject.request
    ran = subject.verdict.checks if subject.verdict else ()
    # a held-out check stays out: what the reviewer writes goes on to the next generator
    checks = [f"- `{check.check}`" for check in ran if check.result == "passed" and not check.hidden]
    return HumanMessage(
        load_prompt("review").render(
            context=await context_section(request, subject.context, runtime),
            prompt=request.prompt,
            signature=signature_section(request),
            constraints=constraints_section(request),
            checks="\n".join(checks) or "None: nothing proves this module yet.",
            path=subject.draft.path,
            source=subject.draft.source.rstrip(),
        )
    )


def _judgement(text: str) -> _Judgement | None:
    """Read the first JSON object of the answer, fenced or not."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(text[start:])
        return _Judgement.model_validate(data)
    except (ValueError, ValidationError, RecursionError):
        return None


def _as_review(judgement: _Judgement, draft: Draft, model: str) -> Review:
    lines = draft.source.count("\n") + 1
    findings = tuple(
        Finding(
            rule=f"model:{remark.rule}",
            severity=remark.severity,
            message=remark.message,
            path=draft.path,
            line=remark.line if remark.line <= lines else 0,
        )
        for remark in judgement.findings
    )
    return Review(decision=judgement.decision, findings=findings, reviewers=(model,), summary=judgement.summary)


def _unheard(model: str, message: str) -> Review:
    finding = Finding(rule="model:unheard", severity="warning", message=message)
    return Review(decision="approve", findings=(finding,), reviewers=(model,))
