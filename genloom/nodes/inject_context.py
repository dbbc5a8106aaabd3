"""The node that chooses the context of the codebase for a request."""

from __future__ import annotations

import asyncio
from typing import NotRequired

from typing_extensions import TypedDict

from genloom.events import ContextReady, Note
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import CodeContext, GenerationRequest
from genloom.tools.codebase import build_context, is_current

__all__ = ["inject_context"]


class InjectContextInput(TypedDict):
    """A request, and a context that the caller may have built already."""

    request: GenerationRequest
    context: NotRequired[CodeContext | None]


class InjectContextOutput(TypedDict):
    """The validated request and the chosen references."""

    request: GenerationRequest
    context: CodeContext


@node("inject_context")
async def inject_context(state: InjectContextInput, runtime: NodeRuntime) -> InjectContextOutput:
    """Validate the request and choose its context: references only, ranked and packed into the token budget.

    A context that came along is kept while every file behind it still has the hash it was read with.
    """
    request, given = state["request"], state.get("context")
    if given is not None and await asyncio.to_thread(is_current, given, runtime.settings):
        chosen = given
    else:
        chosen = await asyncio.to_thread(build_context, request, runtime.context, runtime.settings, runtime.emit)
    for example in request.prompt_examples:
        runtime.emit(Note(message=f"Taken from the prompt as an example: {example.text}"))
    runtime.emit(
        ContextReady(
            references=len(chosen.references),
            files=len({reference.path for reference in chosen.references}),
            tokens=chosen.tokens,
            relevance=chosen.relevance,
        )
    )
    return {"request": request, "context": chosen}
