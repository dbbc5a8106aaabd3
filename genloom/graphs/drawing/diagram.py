"""The diagram: what is to be drawn of a compiled graph, before anything has a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from langgraph.graph import END, START
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from genloom.graphs.feature_routing import FEATURE_LABELS
from genloom.graphs.routing import ROUTE_LABELS

__all__ = ["Diagram", "DiagramEdge", "DiagramNode", "diagram_of"]

_LABELS = {**ROUTE_LABELS, **FEATURE_LABELS}

NodeKind = Literal["start", "step", "end"]
EdgeKind = Literal["always", "condition", "error"]

AnyGraph = CompiledStateGraph[Any, Any, Any, Any]  # Any: the graph may be a user's own, with a state of its own


@dataclass(frozen=True, kw_only=True)
class DiagramNode:
    """A node; `name` is LangGraph's, `title` what is shown."""

    name: str
    title: str
    kind: NodeKind


@dataclass(frozen=True, kw_only=True)
class DiagramEdge:
    """An edge between two nodes by name; `label` may be empty."""

    source: str
    target: str
    kind: EdgeKind
    label: str


@dataclass(frozen=True, kw_only=True)
class Diagram:
    """Nodes and edges in the order in which the graph declares them."""

    nodes: tuple[DiagramNode, ...]
    edges: tuple[DiagramEdge, ...]


def diagram_of(graph: AnyGraph) -> Diagram:
    """Return what a compiled graph shows: what its builder declares, also where LangGraph's own drawing does not follow.

    LangGraph adds a node for every error handler and does not draw where the handler may go; here that node is left out,
    and an edge from the node whose errors it handles stands for it.
    """
    steps = [name for name, spec in graph.builder.nodes.items() if not spec.is_error_handler]
    names = (START, *steps, END)
    order = {name: place for place, name in enumerate(names)}
    declared = {*_plain_edges(graph), *_branch_edges(graph, steps), *_command_edges(graph), *_error_edges(graph)}
    edges = sorted(
        (edge for edge in declared if edge.source in order and edge.target in order),
        key=lambda edge: (order[edge.source], order[edge.target], edge.kind, edge.label),
    )
    drawn = names if any(edge.target == END for edge in edges) else names[:-1]
    return Diagram(nodes=tuple(_node(name) for name in drawn), edges=tuple(edges))


def _node(name: str) -> DiagramNode:
    if name == START:
        return DiagramNode(name=name, title="START", kind="start")
    if name == END:
        return DiagramNode(name=name, title="END", kind="end")
    return DiagramNode(name=name, title=name, kind="step")


def _plain_edges(graph: AnyGraph) -> Iterator[DiagramEdge]:
    joined = [(source, target) for sources, target in graph.builder.waiting_edges for source in sources]
    for source, target in (*graph.builder.edges, *joined):
        yield DiagramEdge(source=source, target=target, kind="always", label="")


def _branch_edges(graph: AnyGraph, steps: Sequence[str]) -> Iterator[DiagramEdge]:
    """Yield what routers choose. A router that does not tell where it leads may lead anywhere."""
    for source, branches in graph.builder.branches.items():
        for branch in branches.values():
            ends = branch.ends or {name: name for name in (*steps, END)}
            labels = _LABELS.get(getattr(branch.path, "func", None), {})
            for condition, target in ends.items():
                label = labels.get(target, "") if condition == target else str(condition)
                yield DiagramEdge(source=source, target=target, kind="condition", label=label)


def _command_edges(graph: AnyGraph) -> Iterator[DiagramEdge]:
    """Yield where a node's own `Command` may lead."""
    for name, spec in graph.builder.nodes.items():
        labels = spec.ends if isinstance(spec.ends, dict) else dict.fromkeys(spec.ends or (), "")
        for target, label in labels.items():
            yield DiagramEdge(source=name, target=target, kind="condition", label=label or "")


def _error_edges(graph: AnyGraph) -> Iterator[DiagramEdge]:
    for name, spec in graph.builder.nodes.items():
        if spec.error_handler_node is None:
            continue
        handler = getattr(graph.builder.nodes[spec.error_handler_node].runnable, "func", None)
        for target in _destinations(handler):
            if target != name:  # a handler that leads back to its own node tries again, as a retry does
                label = str(getattr(handler, "__name__", "error")).strip("_").replace("_", " ")
                yield DiagramEdge(source=name, target=target, kind="error", label=label)


def _destinations(handler: object) -> tuple[str, ...]:
    """Return the nodes that a handler's annotation `Command[Literal[…]]` names."""
    if not callable(handler):
        return ()
    try:
        returned = get_type_hints(handler).get("return")
    except (NameError, TypeError):  # a user's annotation may name what is only there for type checkers
        return ()
    if get_origin(returned) is not Command:
        return ()
    return tuple(str(name) for literal in get_args(returned) for name in get_args(literal))
