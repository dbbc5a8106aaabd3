"""Drawing a compiled graph in one of the formats."""

from __future__ import annotations

from typing import Any, Literal, assert_never, get_args, overload

from langgraph.graph.state import CompiledStateGraph

from genloom.errors import UsageError
from genloom.graphs.drawing.diagram import diagram_of

__all__ = ["DrawingFormat", "draw_graph"]

DrawingFormat = Literal["mermaid", "svg", "png"]

AnyGraph = CompiledStateGraph[Any, Any, Any, Any]  # Any: the graph may be a user's own, with a state of its own


@overload
def draw_graph(graph: AnyGraph, format: Literal["mermaid", "svg"] = "mermaid") -> str: ...


@overload
def draw_graph(graph: AnyGraph, format: Literal["png"]) -> bytes: ...


def draw_graph(graph: AnyGraph, format: DrawingFormat = "mermaid") -> str | bytes:
    """Return a picture of a compiled LangGraph graph, made without a network.

    `"mermaid"` gives Mermaid text, `"svg"` an SVG document with a white background, `"png"` the bytes of a PNG. Edges that a
    router chooses are dotted and carry its condition where that is known; the way from a node to where its error handler
    may lead is dashed and carries the handler's name. The same graph gives the same picture, byte for byte.

    Raises `UsageError` for another format, for a graph that is not compiled, and for `"png"` without the `png` extra.
    """
    if format not in get_args(DrawingFormat):
        raise UsageError(
            f"There is no drawing format {format!r}.", hint=f"Choose one of {', '.join(get_args(DrawingFormat))}."
        )
    if not isinstance(graph, CompiledStateGraph):
        raise UsageError(f"A {type(graph).__name__} cannot be drawn.", hint="Compile the graph first: graph.compile().")
    diagram = diagram_of(graph)
    match format:
        case "mermaid":
            from genloom.graphs.drawing.mermaid import mermaid_text

            return mermaid_text(diagram)
        case "svg":
            from genloom.graphs.drawing.layout import lay_out
            from genloom.graphs.drawing.svg import svg_text

            return svg_text(lay_out(diagram))
        case "png":
            from genloom.graphs.drawing.layout import lay_out
            from genloom.graphs.drawing.png import png_bytes

            return png_bytes(lay_out(diagram))
        case _:
            assert_never(format)
