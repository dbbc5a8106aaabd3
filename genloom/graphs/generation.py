"""The generation graph: a request becomes checked code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from langgraph.cache.base import BaseCache
from langgraph.errors import NodeError
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import get_runtime
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer, Command

from genloom import nodes
from genloom.config import load_settings
from genloom.errors import GenerationError, ModelError
from genloom.graphs import routing
from genloom.graphs.composition import add_nodes
from genloom.nodes import NodeName, NodePolicy
from genloom.state import Failure, GraphContext
from genloom.state.graph_state import GenerationInput, GraphState

__all__ = ["RECURSION_LIMIT", "build_generation_graph"]

RECURSION_LIMIT = 120
"""More steps than the longest way through the graph: 22 drafts of four steps each, and the way through the fallback."""


def build_generation_graph(
    *,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    cache: BaseCache[Any] | None = None,  # Any: LangGraph's cached values
    policies: Mapping[NodeName, NodePolicy] | None = None,
) -> CompiledStateGraph[GraphState, GraphContext, GenerationInput, GraphState]:
    """Return the compiled graph.

    Its input is `{"request": {...}}`, typed or plain JSON; its context a `GraphContext`, a dict of its fields, or
    nothing. `invoke`, `ainvoke`, `stream` and `astream` all work, also inside a running loop. `policies` replace entries
    of `genloom.nodes.NODE_POLICIES`. The result's `outcome` says how the run ended; a refused key raises
    `CredentialError`, a failure of every backend `GenerationError`.
    """
    builder = StateGraph(GraphState, context_schema=GraphContext, input_schema=GenerationInput)
    steps = (
        nodes.inject_context,
        nodes.generate,
        nodes.verify,
        nodes.review,
        nodes.repair,
        nodes.fallback,
        nodes.dispatch_agent,
        nodes.finalize,
    )
    add_nodes(builder, steps, policies=policies, error_handlers={"generate": model_failed})
    builder.add_edge(START, "inject_context")
    builder.add_conditional_edges("inject_context", routing.after_context)
    builder.add_conditional_edges("generate", routing.after_generate)
    builder.add_conditional_edges("verify", routing.after_verify)
    builder.add_conditional_edges("review", routing.after_review)
    builder.add_conditional_edges("repair", routing.after_repair)
    builder.add_conditional_edges("fallback", routing.after_fallback)
    builder.add_conditional_edges("dispatch_agent", routing.after_dispatch)
    builder.add_edge("finalize", END)
    compiled = builder.compile(checkpointer=checkpointer, store=store, cache=cache, name="generation")
    return compiled.with_config(recursion_limit=RECURSION_LIMIT)


def model_failed(state: GraphState, error: NodeError) -> Command[Literal["fallback", "generate"]]:
    """Lead a classified failure of the model to the fallback edge, when the caller gave leave.

    Everything else ends the run with its own error. A run that is resumed after such an end comes here with the error as
    text from its checkpoint: then generation is tried anew.
    """
    cause: object = error.error
    if not isinstance(cause, BaseException):
        return Command(goto="generate")
    if not isinstance(cause, ModelError):
        raise _same_again(cause) from cause
    _, context = (get_runtime(GraphContext).context or GraphContext()).resolved(load_settings())
    if not nodes.may_dispatch(context):
        raise GenerationError(
            f"The model failed: {cause.message}",
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
