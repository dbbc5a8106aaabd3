"""The node that makes a draft: it asks the configured generators in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired

from langchain_core.messages import AnyMessage
from typing_extensions import TypedDict

from genloom.events import DraftMade
from genloom.nodes.generators import Assignment, Generated, Generator, reuse_existing, search_program, write_with_model
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Attempt, CodeContext, Draft, GenerationRequest

__all__ = ["GENERATORS", "generate"]

GENERATORS: Mapping[Literal["reuse", "search", "model"], Generator] = {
    "reuse": reuse_existing,
    "search": search_program,
    "model": write_with_model,
}
"""The generators by name. The context's `generators` say which are asked, and in which order."""


class GenerateInput(TypedDict):
    """What a draft is made from; `attempts` are the ones that failed."""

    request: GenerationRequest
    context: NotRequired[CodeContext | None]
    attempts: NotRequired[tuple[Attempt, ...]]
    messages: NotRequired[list[AnyMessage]]


class GenerateOutput(TypedDict):
    """The draft, or `None` with the reasons why each generator abstained."""

    draft: Draft | None
    abstentions: dict[str, str]
    messages: list[AnyMessage]


@node("generate")
async def generate(state: GenerateInput, runtime: NodeRuntime) -> GenerateOutput:
    """Ask the generators in order until one makes a draft.

    Reuse and search are deterministic: one whose draft failed is not asked again. Raises `ModelError` when the model's
    server fails; what each generator left undone stands in `abstentions`.
    """
    assignment = Assignment(
        request=state["request"],
        context=state.get("context"),
        attempts=tuple(state.get("attempts") or ()),
        messages=tuple(state.get("messages") or ()),
    )
    abstentions: dict[str, str] = {}
    for name in runtime.context.generators:
        if name != "model" and any(attempt.draft.generator == name for attempt in assignment.attempts):
            abstentions[name] = "its draft failed, and it would make the same again"
            continue
        made = await GENERATORS[name](assignment, runtime)
        if isinstance(made, Generated):
            runtime.emit(DraftMade(generator=name, made=True, lines=made.draft.source.count("\n")))
            return {"draft": made.draft, "abstentions": abstentions, "messages": list(made.messages)}
        runtime.emit(DraftMade(generator=name, made=False, reason=made.reason))
        abstentions[name] = made.reason
    return {"draft": None, "abstentions": abstentions, "messages": []}
