"""The node that makes a draft: it asks the configured generators in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, NotRequired

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from genloom.events import DraftMade
from genloom.nodes.generators import (
    Abstention,
    Assignment,
    Generated,
    Generator,
    reuse_existing,
    search_program,
    write_with_model,
)
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Attempt, CodeContext, Draft, GenerationRequest
from genloom.state.draft import OwnGenerator
from genloom.tools.checks import name_bases

__all__ = ["GENERATORS", "generate"]

GENERATORS: Mapping[OwnGenerator, Generator] = {
    "reuse": reuse_existing,
    "search": search_program,
    "model": write_with_model,
}
"""The generators by name. The context's `generators` say which are asked, and in which order."""


_UNPROVEN = "it found a candidate, but nothing proves it"


class GenerateInput(TypedDict):
    """What a draft is made from; `attempts` are the ones that failed."""

    request: GenerationRequest
    context: NotRequired[CodeContext | None]
    attempts: NotRequired[tuple[Attempt, ...]]
    abstentions: NotRequired[dict[str, str]]
    messages: NotRequired[list[AnyMessage]]


class GenerateOutput(TypedDict):
    """The draft, or `None` with the reasons why each generator abstained."""

    draft: Draft | None
    abstentions: dict[str, str]
    messages: Annotated[list[AnyMessage], add_messages]


@node("generate")
async def generate(state: GenerateInput, runtime: NodeRuntime) -> GenerateOutput:
    """Ask the generators in order until one makes a draft.

    A candidate of reuse or search that nothing could prove does not end the round while a model can still be asked. Reuse
    and search are deterministic: one that abstained, or whose draft failed, is not asked again. Raises `ModelError`
    when the model's server fails; what each generator left undone stands in `abstentions`.
    """
    assignment = Assignment(
        request=state["request"],
        context=state.get("context"),
        attempts=tuple(state.get("attempts") or ()),
        messages=tuple(state.get("messages") or ()),
    )
    abstentions: dict[str, str] = runtime.memory.setdefault("abstentions", _settled(state))
    for name in runtime.context.generators:
        if name in abstentions:
            continue
        made = await GENERATORS[name](assignment, runtime)
        if isinstance(made, Generated) and _goes_on(made.draft, name, state["request"], runtime):
            made = Abstention(reason=_UNPROVEN, cut_by_clock=made.draft.cut_by_clock)
        if isinstance(made, Generated):
            runtime.emit(DraftMade(generator=name, made=True, lines=made.draft.source.count("\n")))
            draft = made.draft.model_copy(
                update={
                    "cut_by_clock": made.draft.cut_by_clock or _clocked(runtime, state),
                    "notes": (*made.draft.notes, *_instead(name, abstentions)),
                }
            )
            draft = await asyncio.to_thread(name_bases, draft, runtime.context.repository)
            return {"draft": draft, "abstentions": abstentions, "messages": list(made.messages)}
        runtime.emit(DraftMade(generator=name, made=False, reason=made.reason))
        abstentions[name] = made.reason
        runtime.memory["cut_by_clock"] = _clocked(runtime, state) or made.cut_by_clock
    return {"draft": None, "abstentions": abstentions, "messages": []}


def _instead(name: OwnGenerator, abstentions: Mapping[str, str]) -> list[str]:
    """Say of a model's draft that it stands where another generator found something, too."""
    unproven = [other for other, reason in abstentions.items() if reason == _UNPROVEN] if name == "model" else []
    return [f"written by the model instead of what {other} found: nothing proves that" for other in unproven]


def _settled(state: GenerateInput) -> dict[str, str]:
    """What earlier visits settled: which deterministic generators abstained, or made a draft that failed."""
    settled = {name: reason for name, reason in (state.get("abstentions") or {}).items() if name != "model"}
    for attempt in state.get("attempts") or ():
        if attempt.draft.generator != "model":
            settled[attempt.draft.generator] = "its draft failed, and it would make the same again"
    return settled


def _clocked(runtime: NodeRuntime, state: GenerateInput) -> bool:
    """Whether the clock had a say in how this came about: with more time, another generator might have made the draft."""
    earlier = (attempt.draft.cut_by_clock for attempt in state.get("attempts") or ())
    return bool(runtime.memory.get("cut_by_clock")) or any(earlier)


def _goes_on(draft: Draft, name: str, request: GenerationRequest, runtime: NodeRuntime) -> bool:
    """Whether to leave an unproven candidate for the model: no held-out example speaks for it, or a rival against it."""
    asked = runtime.context.generators
    model_follows = runtime.context.model is not None and "model" in asked[asked.index(name) + 1 :]
    # tests may prove what no held-out example does; a rival they do not overrule
    unproven = bool(draft.rivals) or not (draft.held_out or request.tests)
    return model_follows and name != "model" and unproven
