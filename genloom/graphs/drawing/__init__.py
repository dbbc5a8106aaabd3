"""Pictures of graphs, made offline: Mermaid text, SVG, PNG."""

from genloom.graphs.drawing.draw import DrawingFormat, draw_graph

__all__ = ["DrawingFormat", "draw_graph"]
