"""The node of the models that review: one of them, one part of a change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, NotRequired, cast, get_args

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.errors import GraphBubbleUp
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from genloom.errors import GenloomError
from genloom.nodes.conversation import Asked, ask_for
from genloom.nodes.node import Node
from genloom.nodes.reviewing.json_answer import last_of_kind
from genloom.nodes.reviewing.showing import shown_change
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Finding, Severity
from genloom.state.code_review import PartReport, Remark, Reviewer, join_reports
from genloom.state.diff import FileDiff
from genloom.tools.security import clean, redact

__all__ = ["REVIEWERS", "chosen_model", "review_changes"]

REVIEWERS = tuple(Reviewer(name=name) for name in ("correctness", "security", "performance", "tests", "style"))
"""The shipped reviewers; what each looks for stands in the template `review_NAME`."""

SHARE = 0.95
MAX_REMARKS = 30
MAX_TEXT = 2_000


class Remarks(BaseModel):
    """A reviewer's answer. Remarks are read one by one, so that a malformed one does not silence the others."""

    findings: list[dict[str, Any]] = Field(  # Any: a model's own JSON
        description="Objects with path, line, quote, severity (note, warning, error, blocker) and message"
    )


class ReviewPartInput(TypedDict):
    """Some passages of a change, who is to look at them, and which part of the change they are."""

    changes: tuple[FileDiff, ...]
    reviewer: NotRequired[str]
    part: NotRequired[int]


class ReviewPartOutput(TypedDict):
    """What the reviewer says of them."""

    reports: Annotated[tuple[PartReport, ...], join_reports]


def review_changes(
    reviewers: Sequence[Reviewer] = REVIEWERS, model: Asked | None = None
) -> Node[ReviewPartInput, ReviewPartOutput]:
    """Return the node in which one of the reviewers looks at one part; the state's `reviewer` names it (else the first).

    A reviewer that fails, takes too long or answers in words alone is heard with nothing, and its report says why: it takes
    neither the other reviewers nor the review with it. What may pass is tried again before.
    """
    by_name = {reviewer.name: reviewer for reviewer in reviewers}

    async def review(state: ReviewPartInput, runtime: NodeRuntime) -> ReviewPartOutput:
        """Ask one reviewer about one part of the change."""
        name, part = state.get("reviewer") or next(iter(by_name)), state.get("part", 0)
        report = PartReport(reviewer=name, part=part)
        try:
            async with asyncio.timeout(runtime.policy.limit_seconds * SHARE):
                remarks = await _asked(by_name[name], chosen_model(by_name[name], model, runtime), state, runtime)
            report = report.model_copy(update={"remarks": remarks, "looked": (name,)})
        except GraphBubbleUp:
            raise
        except Exception as error:
            if runtime.will_retry(error):
                raise
            report = report.model_copy(update={"failure": _told(error, runtime)})
        return {"reports": (report,)}

    return Node(review, name="review_changes")


def chosen_model(reviewer: Reviewer | None, model: Asked | None, runtime: NodeRuntime) -> Asked | None:
    """Return the model that a reviewer (or the judge) asks: its own, the graph's, the run's for reviews, the run's."""
    own = reviewer.model if reviewer is not None else None
    return own or model or runtime.context.reviewer_model or runtime.context.model


async def _asked(
    reviewer: Reviewer, model: Asked | None, state: ReviewPartInput, runtime: NodeRuntime
) -> tuple[Remark, ...]:
    if model is None:
        raise ValueError("no model is configured")
    role = reviewer.prompt or runtime.prompts.load(f"review_{reviewer.name}").render()
    secrets = runtime.settings.secrets
    messages = [
        SystemMessage(runtime.prompts.load("review_reviewer").render(role=role.strip())),
        HumanMessage(
            runtime.prompts.load("review_part").render(change=shown_change(state["changes"], secrets)),
        ),
    ]
    answer, text = await ask_for(Remarks, model, messages, runtime)
    answer = answer or last_of_kind(Remarks, text)
    if answer is None:
        raise ValueError("its answer was no list of findings")
    return tuple(_remark(each, reviewer.name, secrets) for each in answer.findings[:MAX_REMARKS])


def _remark(given: dict[str, Any], by: str, secrets: Sequence[str]) -> Remark:  # Any: a model's own JSON
    """Read one remark leniently: an unknown severity is a warning, a line that is no number none."""
    severity, line = str(given.get("severity", "")).strip().lower(), given.get("line")
    number = int(line) if isinstance(line, int | str) and str(line).isdecimal() and len(str(line)) < 9 else 0
    finding = Finding(
        rule=f"model:{by}",
        severity=cast("Severity", severity) if severity in get_args(Severity) else "warning",
        message=_text(given.get("message"), secrets) or "(no message)",
        path=_text(given.get("path"), secrets),
        line=number,
    )
    return Remark(
        finding=finding, by=by, quote=str(given.get("quote") or "")[:MAX_TEXT].encode("utf-8", "replace").decode()
    )


def _text(value: Any, secrets: Sequence[str]) -> str:  # Any: a model's own JSON
    """A model's words for people: without secrets or hidden text, on one line."""
    text = str(value or "")[:MAX_TEXT].encode("utf-8", "replace").decode()
    return " ".join(clean(text, secrets=secrets).text.split())


def _told(error: Exception, runtime: NodeRuntime) -> str:
    if isinstance(error, TimeoutError):
        return f"it took longer than {runtime.policy.limit_seconds * SHARE:,.0f} seconds"
    said = error.message if isinstance(error, GenloomError) else str(error) or type(error).__name__
    return redact(" ".join(said.split()), secrets=runtime.settings.secrets)[:300]
