"""The node that turns a failed draft into an attempt with its evidence."""

from __future__ import annotations

import uuid
from typing import Annotated, NotRequired

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from genloom.nodes.briefing import names_listed
from genloom.nodes.conversation import kept_message
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Attempt, Draft, GenerationRequest, Review, Verdict
from genloom.state.reducers import append_attempts
from genloom.tools.checks import evidence_for_repair
from genloom.tools.security import present

__all__ = ["repair"]


class RepairInput(TypedDict):
    """The draft that failed or must be revised, with what showed it."""

    request: GenerationRequest
    draft: Draft
    verdict: Verdict
    review: NotRequired[Review | None]
    attempts: NotRequired[tuple[Attempt, ...]]


class RepairOutput(TypedDict):
    """The attempt for the history, the message for the next generator, and how often it may try: `attempts_left`. The
    draft moves into the history, so that no part of the state speaks of a draft that is gone."""

    attempts: Annotated[tuple[Attempt, ...], append_attempts]
    messages: Annotated[list[AnyMessage], add_messages]
    attempts_left: int
    draft: None
    verdict: None
    review: None


@node("repair")
def repair(state: RepairInput, runtime: NodeRuntime) -> RepairOutput:
    """Write the failed draft down as an attempt, and tell the next generator what was found.

    The evidence holds nothing of held-out examples. Drafts of reuse and search do not count against the attempts: each
    is asked once.
    """
    request, draft, verdict = state["request"], state["draft"], state["verdict"]
    review = state.get("review")
    number = len(state.get("attempts") or ()) + 1
    complaints = draft.notes if draft.generator == "model" else ()
    secrets = runtime.settings.secrets
    evidence = "\n".join([*complaints, evidence_for_repair(verdict, review)])
    message = runtime.prompts.load("repair").render(
        number=str(number),
        generator=draft.generator,
        source=present(draft.path, draft.source.removeprefix(request.extends or "").strip("\n"), secrets=secrets),
        evidence=present("what was found", evidence, secrets=secrets),
        names=names_listed(request),
        answer="the whole corrected module" if not request.extends else "the whole corrected code to append",
    )
    attempt = Attempt(number=number, draft=draft, verdict=verdict, review=review, evidence=evidence)
    return {
        "attempts": (attempt,),
        "messages": [kept_message(HumanMessage(message, id=f"genloom-{uuid.uuid4()}"))],
        "attempts_left": max(0, runtime.context.max_attempts - _model_drafts(state, draft)),
        "draft": None,
        "verdict": None,
        "review": None,
    }


def _model_drafts(state: RepairInput, draft: Draft) -> int:
    drafts = (draft, *(attempt.draft for attempt in state.get("attempts") or ()))
    return sum(made.generator == "model" for made in drafts)
