"""The routers of the generation graph: pure functions of the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, assert_never

from genloom.nodes import NodeName
from genloom.state import Failed, NotRun, Passed
from genloom.state.graph_state import GraphState

__all__ = [
    "GENERATION_ROUTERS",
    "ROUTE_LABELS",
    "Router",
    "after_context",
    "after_dispatch",
    "after_fallback",
    "after_generate",
    "after_repair",
    "after_review",
    "after_verify",
]


def after_context(state: GraphState) -> Literal["generate", "dispatch_agent"]:
    """Direct dispatch when the request asks for an agent."""
    return "dispatch_agent" if state["request"].use_agent else "generate"


def after_generate(state: GraphState) -> Literal["verify", "fallback"]:
    """A draft is verified; when every generator abstained there is nothing left but the fallback."""
    return "verify" if state.get("draft") is not None else "fallback"


def after_verify(state: GraphState) -> Literal["review", "repair", "finalize"]:
    """A draft that passed is reviewed, and so is one that ran though not all was checked. `NotRun` of any other
    cause ends the run: the code is not at fault. An agent's draft is not repaired."""
    verdict = state.get("verdict")
    match verdict:
        case Passed() | NotRun(executed=True):
            return "review"
        case Failed():
            return "finalize" if _by_agent(state) else "repair"
        case NotRun() | None:
            return "finalize"
        case _:
            assert_never(verdict)


def after_review(state: GraphState) -> Literal["repair", "finalize"]:
    """Findings can send the draft back; an approval and a rejection end the run."""
    review = state.get("review")
    return "repair" if review is not None and review.decision == "revise" and not _by_agent(state) else "finalize"


def after_repair(state: GraphState) -> Literal["generate", "fallback"]:
    """Try again while attempts remain."""
    return "generate" if state.get("attempts_left", 0) > 0 else "fallback"


def after_fallback(state: GraphState) -> Literal["dispatch_agent", "finalize"]:
    """An agent takes over only with leave."""
    return "dispatch_agent" if state.get("fallback") == "allowed" else "finalize"


def after_dispatch(state: GraphState) -> Literal["verify", "finalize"]:
    """An agent's draft is verified like any other; without one there is nothing to verify."""
    return "verify" if state.get("draft") is not None else "finalize"


def _by_agent(state: GraphState) -> bool:
    draft = state.get("draft")
    return draft is not None and draft.generator == "agent"


Router = Callable[[Any], str]  # Any: the state of whatever graph
"""Says where a graph goes on. Its return annotation is a `Literal` of the nodes that it may choose."""

GENERATION_ROUTERS: Mapping[NodeName, Router] = {
    "inject_context": after_context,
    "generate": after_generate,
    "verify": after_verify,
    "review": after_review,
    "repair": after_repair,
    "fallback": after_fallback,
    "dispatch_agent": after_dispatch,
}
"""The routers of the generation graph, by the node that each follows."""

ROUTE_LABELS: Mapping[Callable[..., Any] | None, Mapping[str, str]] = {  # Any: a router of any state
    after_context: {"dispatch_agent": "use_agent"},
    after_generate: {"verify": "draft", "fallback": "no draft"},
    after_verify: {"review": "Passed", "repair": "Failed", "finalize": "otherwise"},
    after_review: {"repair": "revise", "finalize": "approve, reject"},
    after_repair: {"generate": "attempts left", "fallback": "attempts spent"},
    after_fallback: {"dispatch_agent": "with leave", "finalize": "no leave"},
    after_dispatch: {"verify": "draft", "finalize": "no draft"},
}
"""What a picture of a graph writes on the edges that a router chooses: router -> node -> condition."""
