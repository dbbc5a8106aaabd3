"""The node that chooses the context of the codebase for a request."""

from __future__ import annotations

import asyncio
from typing import Annotated, NotRequired

from langchain_core.messages import AnyMessage, RemoveMessage
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from genloom.events import ContextReady
from genloom.nodes.conversation import own_message_ids
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import CodeContext, GenerationRequest, Outcome
from genloom.state.prompt_examples import notes_of_examples
from genloom.state.reducers import append_attempts
from genloom.tools.codebase import best_places, build_context, is_current

__all__ = ["inject_context"]


class InjectContextInput(TypedDict):
    """A request, a context that the caller may have built already, and what is left of the thread's earlier request."""

    request: GenerationRequest
    context: NotRequired[CodeContext | None]
    begun: NotRequired[str]
    outcome: NotRequired[Outcome | None]
    messages: NotRequired[list[AnyMessage]]


class InjectContextOutput(TypedDict):
    """The validated request and the chosen references; and nothing left of an earlier request of the same thread."""

    request: GenerationRequest
    context: CodeContext
    begun: NotRequired[str]
    draft: NotRequired[None]
    abstentions: NotRequired[dict[str, str]]
    verdict: NotRequired[None]
    review: NotRequired[None]
    attempts: NotRequired[Annotated[None, append_attempts]]
    failure: NotRequired[None]
    fallback: NotRequired[None]
    agent_run: NotRequired[None]
    outcome: NotRequired[None]
    messages: NotRequired[Annotated[list[RemoveMessage], add_messages]]
    approval: NotRequired[bool]


@node("inject_context")
async def inject_context(state: InjectContextInput, runtime: NodeRuntime) -> InjectContextOutput:
    """Validate the request and choose its context: references only, ranked and packed into the token budget.

    A context that came along is kept when it was chosen for this request in this repository, and every file behind it
    still has the hash it was read with. A thread that is used again starts afresh.
    """
    request = state["request"]
    chosen = await asyncio.to_thread(_context, request, state.get("context"), runtime)
    for note in notes_of_examples(request.prompt_examples):
        runtime.emit(note)
    runtime.emit(
        ContextReady(
            references=len(chosen.references),
            files=len({reference.path for reference in chosen.references}),
            tokens=chosen.tokens,
            relevance=chosen.relevance,
            best=best_places(chosen, runtime.settings),
        )
    )
    now: InjectContextOutput = {
        "request": request,
        "context": chosen,
        "begun": request.fingerprint,
        "approval": runtime.context.approval,
    }
    if not _is_used_again(state):
        return now
    old = [RemoveMessage(id=message_id) for message_id in own_message_ids(state.get("messages") or [])]
    return {**now, **_AFRESH, "messages": old}


_AFRESH: InjectContextOutput = {  # type: ignore[typeddict-item]  # joins the two required keys
    "draft": None,
    "abstentions": {},
    "verdict": None,
    "review": None,
    "attempts": None,
    "failure": None,
    "fallback": None,
    "agent_run": None,
    "outcome": None,
}


def _is_used_again(state: InjectContextInput) -> bool:
    """Whether the thread holds what is left of an earlier request: it ended, or was begun with another, or its context was
    chosen for another."""
    now, left = state["request"].fingerprint, state.get("context")
    return (
        state.get("outcome") is not None or state.get("begun", now) != now or (left is not None and left.request != now)
    )


def _context(request: GenerationRequest, given: CodeContext | None, runtime: NodeRuntime) -> CodeContext:
    wanted = (request.fingerprint, runtime.context.repository or "")
    if given is not None and (given.request, given.repository) == wanted and is_current(given, runtime.settings):
        return given
    return build_context(request, runtime.context, runtime.settings, runtime.emit)
