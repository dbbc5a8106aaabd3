"""The node that decides whether an agent may take over."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from genloom.events import Note
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import AgentRun, Failure, GraphContext

__all__ = ["fallback", "may_dispatch"]


class FallbackInput(TypedDict):
    """Why the graph came here: a failure of the model, or (without one) attempts that are spent."""

    failure: NotRequired[Failure | None]
    agent_run: NotRequired[AgentRun | None]


class FallbackOutput(TypedDict):
    """Whether an agent takes over."""

    fallback: Literal["allowed", "refused"]


@node("fallback")
def fallback(state: FallbackInput, runtime: NodeRuntime) -> FallbackOutput:
    """Allow the fallback only when a backend is configured and the caller gave leave: paid work is never a default.

    An agent's run never falls back to an agent.
    """
    if state.get("agent_run") is not None or not may_dispatch(runtime.context):
        return {"fallback": "refused"}
    failure = state.get("failure")
    why = failure.message if failure is not None else "No draft passed."
    runtime.emit(
        Note(message=f"Falling back to the agent backend {runtime.context.agent_backend!r}: {why}", level="warning")
    )
    return {"fallback": "allowed"}


def may_dispatch(context: GraphContext) -> bool:
    """Whether the caller configured an agent backend and allowed the fallback to it."""
    return context.agent_backend is not None and context.allow_fallback
