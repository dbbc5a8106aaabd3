"""The fallback: whether an agent may take over, when the model failed or its attempts are spent."""

from __future__ import annotations

from typing import Literal, NotRequired

from langgraph.errors import NodeError
from langgraph.types import Command
from typing_extensions import TypedDict

from genloom.errors import GenerationError, ModelError, TimeLimitError
from genloom.events import Note
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime, current_context
from genloom.state import AgentRun, Failure, GraphContext
from genloom.tools.codegen import agent_backends
from genloom.tools.codegen.backends import OnSiteBackend

__all__ = ["fallback", "may_dispatch", "model_failed"]


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
    """Whether the caller configured an agent backend and allowed the fallback to it, and it can do otherwise than what
    failed: an agent on this machine with the same model and generators cannot."""
    return context.agent_backend is not None and context.allow_fallback and _can_differ(context.agent_backend, context)


def _can_differ(name: str, context: GraphContext) -> bool:
    if name == "codegen":  # elsewhere, with means of its own
        return True
    backend = agent_backends.get(name)
    return not isinstance(backend, OnSiteBackend) or backend.differs_from(context.model, context.generators)


def model_failed(state: FallbackInput, error: NodeError) -> Command[Literal["fallback", "generate"]]:
    """Lead a classified failure of the model to the fallback edge, when the caller gave leave.

    Everything else ends the run with its own error. A run that is resumed after such an end comes here with the error as
    text from its checkpoint: then generation is tried anew.
    """
    cause: object = error.error
    if not isinstance(cause, BaseException):
        return Command(goto="generate")
    if not isinstance(cause, ModelError | TimeLimitError):
        raise _same_again(cause) from cause
    _, context = current_context()
    if not may_dispatch(context):
        what = "The model failed" if isinstance(cause, ModelError) else "There is no draft"
        raise GenerationError(
            f"{what}: {cause.message}",
            causes=(cause,),
            hint=cause.hint or "A configured agent backend may take over with --allow-fallback.",
        ) from cause
    return Command(goto="fallback", update={"failure": Failure.of(cause)})


def _same_again(error: BaseException) -> BaseException:
    """Return an equal error that is another object: one that a handler raises unchanged LangGraph takes for handled, and
    it stores the run as ended, so that it could not be resumed."""
    twin = type(error).__new__(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    return twin
