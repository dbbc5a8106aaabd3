"""The model as a reviewer: it judges a draft against its request and the repository's conventions."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast, get_args

from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, Field, field_validator

from genloom.errors import ModelError
from genloom.nodes.briefing import constraints_section, context_section, signature_section
from genloom.nodes.conversation import ask_for
from genloom.nodes.runtime import NodeRuntime
from genloom.state import CodeContext, Draft, Finding, GenerationRequest, Review, ReviewDecision, Severity, Verdict
from genloom.state.review import UNHEARD
from genloom.tools.security import present

__all__ = ["Judgement", "Subject", "review_with_model"]

MAX_OBJECTS = 50
MAX_REMARKS = 50
MAX_TEXT = 2_000


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is reviewed, and what the reviewer may know of it."""

    request: GenerationRequest
    draft: Draft
    verdict: Verdict | None
    context: CodeContext | None


class Judgement(BaseModel):
    """A reviewer's judgement. Remarks are read one by one, so that a malformed one does not silence the decision."""

    decision: ReviewDecision = Field(description="approve, revise or reject")
    summary: str = Field(default="", description="One sentence")
    findings: list[dict[str, Any]] = Field(  # Any: a model's own JSON
        default_factory=list,
        description="Objects with rule, severity (note, warning, error, blocker), line and message",
    )

    @field_validator("decision", mode="before")
    @classmethod
    def _in_any_case(cls, value: Any) -> Any:  # Any: a model's own JSON
        return value.strip().lower() if isinstance(value, str) else value


async def review_with_model(model: str, subject: Subject, runtime: NodeRuntime) -> Review:
    """Ask the model for a judgement in JSON and return it as a review.

    The model only adds to the deterministic review: when its server stays down, or its answer is no judgement, that is a
    finding of severity `warning` and the decision is left to the others. A refused key is an error as everywhere.
    """
    messages = [SystemMessage(runtime.prompts.load("review_system").render()), await _question(subject, runtime)]
    try:
        judgement, text = await ask_for(Judgement, model, messages, runtime)
    except ModelError as error:
        if runtime.will_retry(error):
            raise
        return _unheard(f"{model} could not be asked for a review: {error.message}")
    judgement = judgement or _judgement(text)
    if judgement is None:
        return _unheard(f"{model} gave no review that can be read.")
    return _as_review(judgement, subject.draft, model)


async def _question(subject: Subject, runtime: NodeRuntime) -> HumanMessage:
    request, secrets = subject.request, runtime.settings.secrets
    ran = subject.verdict.checks if subject.verdict else ()
    # a held-out check stays out: what the reviewer writes goes on to the next generator
    checks = [f"- `{check.check}`" for check in ran if check.result == "passed" and not check.hidden]
    return HumanMessage(
        runtime.prompts.load("review").render(
            context=await context_section(request, subject.context, runtime),
            prompt=request.prompt,
            signature=signature_section(request),
            constraints=constraints_section(request),
            checks=present("checks", "\n".join(checks), secrets=secrets)
            if checks
            else "None: nothing proves this module yet.",
            source=present(subject.draft.path, subject.draft.source.rstrip(), secrets=secrets),
        )
    )


def _judgement(text: str) -> Judgement | None:
    """Read the first JSON object of an answer in words that is a judgement."""
    for start in [match.start() for match in re.finditer(r"\{", text)][:MAX_OBJECTS]:
        try:
            data, _ = json.JSONDecoder().raw_decode(text[start:])
            return Judgement.model_validate(data)
        except (ValueError, RecursionError):
            continue
    return None


def _as_review(judgement: Judgement, draft: Draft, model: str) -> Review:
    lines = draft.source.count("\n") + 1
    findings = [_finding(remark, draft.path, lines) for remark in judgement.findings[:MAX_REMARKS]]
    return Review(
        decision=judgement.decision, findings=tuple(findings), reviewers=(model,), summary=judgement.summary[:MAX_TEXT]
    )


def _finding(remark: dict[str, Any], path: str, lines: int) -> Finding:  # Any: a model's own JSON
    """Read one remark leniently: an unknown severity is a warning, a line outside the module none."""
    severity, line = str(remark.get("severity", "")).lower(), remark.get("line")
    return Finding(
        rule=f"model:{str(remark.get('rule', 'remark'))[:80]}",
        severity=cast("Severity", severity) if severity in get_args(Severity) else "warning",
        message=str(remark.get("message", ""))[:MAX_TEXT] or "(no message)",
        path=path,
        line=line if isinstance(line, int) and 0 < line <= lines else 0,
    )


def _unheard(message: str) -> Review:
    """The reviewer has no voice: it approves of nothing, and is not named among those who looked."""
    return Review(decision="approve", findings=(Finding(rule=UNHEARD, severity="warning", message=message),))
