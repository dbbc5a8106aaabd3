"""Composition: adding genloom's nodes to a graph, with the checks that LangGraph leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NotRequired, get_origin, get_type_hints

from langgraph.graph import StateGraph

from genloom.errors import GraphDefinitionError
from genloom.nodes import Node, NodeName, NodePolicy, policies_with

__all__ = ["add_nodes"]


def add_nodes(
    builder: StateGraph[Any, Any, Any, Any],  # Any: a user's own state, context, input and output
    nodes: Iterable[Node[Any, Any]],
    *,
    policies: Mapping[NodeName, NodePolicy] | None = None,
    error_handlers: Mapping[NodeName, Any] | None = None,  # Any: LangGraph's own handler types
) -> None:
    """Add nodes under their own names, each with its declared input schema and its policy.

    Raises `GraphDefinitionError` when the graph's state lacks a key that a node writes or must read: LangGraph would drop
    what is written to such a key without a word.
    """
    table = policies_with(policies)
    for node in nodes:
        _demand_keys(builder, node)
        name: Any = node.name
        policy = table[name]
        builder.add_node(
            name,
            node.with_policy(policy),
            input_schema=node.reads,
            retry_policy=policy.langgraph(),
            error_handler=(error_handlers or {}).get(name),
        )


def _demand_keys(builder: StateGraph[Any, Any, Any, Any], node: Node[Any, Any]) -> None:
    present = set(get_type_hints(builder.state_schema))
    missing = sorted((_required(node.reads) | _required(node.writes)) - present)
    if missing:
        raise GraphDefinitionError(
            f"The node {node.name!r} needs {', '.join(missing)}, which the state {builder.state_schema.__name__} lacks.",
            hint="Add the keys to the state; genloom.state.graph_state.GraphState shows their types and reducers.",
        )


def _required(schema: type) -> set[str]:
    """The keys that are not marked `NotRequired`. (`__required_keys__` does not see marks in annotations kept as text.)"""
    hints = get_type_hints(schema, include_extras=True)
    return {key for key, hint in hints.items() if get_origin(hint) is not NotRequired}
