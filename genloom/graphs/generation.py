"""The generation graph: a request becomes checked code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.cache.base import BaseCache
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from genloom import nodes
from genloom.graphs import routing
from genloom.graphs.composition import add_nodes
from genloom.nodes import NodeName, NodePolicy
from genloom.state import GraphContext
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
    add_nodes(builder, steps, policies=policies, error_handlers={"generate": nodes.model_failed})
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
