"""Composition: adding genloom's nodes to a graph, with the checks that LangGraph leaves out."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, Required, get_args, get_origin, get_type_hints

from langgraph.channels.base import BaseChannel
from langgraph.graph import END, StateGraph

from genloom.errors import GraphDefinitionError
from genloom.graphs.routing import Router
from genloom.nodes import Node, NodeName, NodePolicy, policies_with

__all__ = ["add_nodes", "add_routers"]


def add_nodes(
    builder: StateGraph[Any, Any, Any, Any],  # Any: a user's own state, context, input and output
    nodes: Iterable[Node[Any, Any]],
    *,
    policies: Mapping[NodeName, NodePolicy] | None = None,
    prompts: Mapping[str, str] | None = None,
    keys: Mapping[str, str] | None = None,
    error_handlers: Mapping[NodeName, Any] | None = None,  # Any: LangGraph's own handler types
) -> None:
    """Add nodes under their own names, each with its declared input schema and its policy.

    `policies` replace those of nodes by name, `prompts` the shipped templates by name. `keys` says which of the nodes'
    keys have another name in the graph's state: with `{"draft": "candidate"}` the nodes work on its `candidate`.

    Raises `GraphDefinitionError` when the graph's state lacks a key that a node writes or must read, since LangGraph would
    drop what is written to it without a word; when it has no reducer for a key to which a node adds; for a policy of an
    unknown node; and for a renamed key that no node has. An unknown or unusable prompt is a `UsageError`.
    """
    policies_with(policies)
    steps = [_adapted(node, policies or {}, prompts or {}, keys or {}) for node in nodes]
    _demand_used(keys or {}, steps)
    for node in steps:
        _demand_keys(builder, node)
        name: Any = node.name
        builder.add_node(
            name,
            node,
            input_schema=node.reads,
            retry_policy=node.policy.langgraph(),
            error_handler=(error_handlers or {}).get(name),
        )


def add_routers(
    builder: StateGraph[Any, Any, Any, Any],  # Any: as above
    routers: Mapping[NodeName, Router],
    replaced: Mapping[NodeName, Router] | None = None,
) -> None:
    """Add a conditional edge behind each node that has a router; `replaced` routers stand in place of others.

    Raises `GraphDefinitionError` for a node that has no router to be replaced, and for a router whose return annotation is
    no `Literal` of nodes that the graph has (or `END`): the graph could not be checked or drawn.
    """
    unknown = sorted(set(replaced or ()) - set(routers))
    if unknown:
        raise GraphDefinitionError(
            f"There is no router behind {', '.join(unknown)} to be replaced.",
            hint=f"There are routers behind: {', '.join(routers)}.",
        )
    for node, router in {**routers, **(replaced or {})}.items():
        builder.add_conditional_edges(node, router, _destinations(builder, node, router))


def _destinations(builder: StateGraph[Any, Any, Any, Any], node: str, router: Router) -> list[str]:
    """The nodes that a router says it may choose."""
    returned = _returned(router)
    targets = [str(name) for name in get_args(returned)] if get_origin(returned) is Literal else []
    strangers = sorted(set(targets) - {*builder.nodes, END})
    if strangers or not targets:
        said = (
            f"chooses {', '.join(strangers)}, which the graph has not" if strangers else "does not say what it chooses"
        )
        raise GraphDefinitionError(
            f"The router behind {node!r} {said}.",
            hint=f"Let it return a Literal of these names: {', '.join(builder.nodes)}, {END}.",
        )
    return targets


def _returned(router: Router) -> object:
    function = router if inspect.isroutine(router) else type(router).__call__
    try:
        return get_type_hints(function).get("return")
    except NameError:  # an annotation that names what is only there for type checkers
        return None


def _adapted(
    node: Node[Any, Any], policies: Mapping[Any, NodePolicy], prompts: Mapping[str, str], keys: Mapping[str, str]
) -> Node[Any, Any]:
    own = {key: name for key, name in keys.items() if key in node.fields}
    return node.with_policy(policies.get(node.name, node.policy)).with_prompts(prompts).with_keys(own)


def _demand_used(keys: Mapping[str, str], nodes: Iterable[Node[Any, Any]]) -> None:
    unused = sorted(set(keys) - {key for node in nodes for key in node.keys.names})
    if unused:
        raise GraphDefinitionError(
            f"None of the nodes has a key {', '.join(unused)} to be named otherwise.",
            hint="`keys` maps the nodes' own keys to those of your state.",
        )


def _demand_keys(builder: StateGraph[Any, Any, Any, Any], node: Node[Any, Any]) -> None:
    present = set(get_type_hints(builder.state_schema))
    missing = sorted((_required(node.reads) | _required(node.writes)) - present)
    if missing:
        raise GraphDefinitionError(
            f"The node {node.name!r} needs {', '.join(missing)}, which the state {builder.state_schema.__name__} lacks.",
            hint="Add the keys to the state; genloom.state.graph_state.GraphState shows their types and reducers.",
        )
    own = get_type_hints(builder.state_schema, include_extras=True)
    bare = sorted(key for key in _reduced(node.writes) & present if not _reducer(own[key]))
    if bare:
        raise GraphDefinitionError(
            f"The node {node.name!r} adds to {', '.join(bare)}, which the state {builder.state_schema.__name__} would "
            "replace: it has no reducer there.",
            hint="Give the key a reducer, as genloom.state.graph_state.GraphState does.",
        )


def _reduced(schema: type) -> set[str]:
    """The keys that a node adds to, instead of giving their whole value."""
    return {key for key, hint in get_type_hints(schema, include_extras=True).items() if _reducer(hint)}


def _reducer(hint: Any) -> bool:  # Any: an annotation
    """Whether an annotation names a reducer, or one of LangGraph's channels."""
    inner = get_args(hint)[0] if get_origin(hint) in (NotRequired, Required) else hint
    extras = inner.__metadata__ if get_origin(inner) is Annotated else ()
    return any(callable(extra) or isinstance(extra, BaseChannel) for extra in extras)


def _required(schema: type) -> set[str]:
    """The keys that are not marked `NotRequired`. (`__required_keys__` does not see marks in annotations kept as text.)"""
    hints = get_type_hints(schema, include_extras=True)
    return {key for key, hint in hints.items() if get_origin(hint) is not NotRequired}
