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
from genloom.graphs.composition import add_nodes, add_routers
from genloom.graphs.routing import GENERATION_ROUTERS, Router
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
    prompts: Mapping[str, str] | None = None,
    routers: Mapping[NodeName, Router] | None = None,
) -> CompiledStateGraph[GraphState, GraphContext, GenerationInput, GraphState]:
    """Return the compiled graph.

    Its input is `{"request": {...}}`, typed or plain JSON; its context a `GraphContext`, a dict of its fields, or
    nothing. `invoke`, `ainvoke`, `stream` and `astream` all work, also inside a running loop. `policies` replace entries
    of `genloom.nodes.NODE_POLICIES`, `prompts` shipped templates by name (the context's own go before them), and `routers`
    the functions that say where the graph goes on after a node, by that node: `GENERATION_ROUTERS` holds the defaults. A
    router's return annotation is a `Literal` of the nodes that it may choose. A wrong name of any of them is an error that
    lists the right ones. The result's `outcome` says how the run ended; a refused key raises
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
    handlers: dict[NodeName, Any] = {"generate": nodes.model_failed}  # Any: LangGraph's own handler type
    add_nodes(builder, steps, policies=policies, prompts=prompts, error_handlers=handlers)
    builder.add_edge(START, "inject_context")
    add_routers(builder, GENERATION_ROUTERS, routers)
    builder.add_edge("finalize", END)
    compiled = builder.compile(checkpointer=checkpointer, store=store, cache=cache, name="generation")
    return compiled.with_config(recursion_limit=RECURSION_LIMIT)
