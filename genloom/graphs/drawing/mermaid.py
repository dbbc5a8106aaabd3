"""Mermaid text of a diagram."""

from __future__ import annotations

from langchain_core.runnables.graph import Graph, Node

from genloom.graphs.drawing.diagram import Diagram

__all__ = ["mermaid_text"]


def mermaid_text(diagram: Diagram) -> str:
    """Return the diagram as Mermaid text, as GitHub and most editors show it."""
    drawn = Graph()
    nodes = {node.name: Node(id=node.name, name=node.title, data=None, metadata=None) for node in diagram.nodes}
    drawn.nodes.update(nodes)
    for edge in diagram.edges:
        drawn.add_edge(
            nodes[edge.source], nodes[edge.target], data=edge.label or None, conditional=edge.kind != "always"
        )
    return drawn.draw_mermaid()
