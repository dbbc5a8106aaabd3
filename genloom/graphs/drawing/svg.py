"""SVG of a layout."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from genloom.graphs.drawing.layout import Box, Layout, Route
from genloom.graphs.drawing.palette import BACKGROUND, BOXES, DASHES, EDGES, FONT_SIZE, LABEL_FONT_SIZE, TEXT

__all__ = ["svg_text"]

FONT = "ui-sans-serif, system-ui, 'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif"


def svg_text(layout: Layout) -> str:
    """Return the layout as a complete SVG document. Its white background keeps it readable on a dark page."""
    size = f"{_n(layout.width)} {_n(layout.height)}"
    width, height = size.split()
    markers = [
        f'<marker id="head-{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 1 L10 5 L0 9 z" fill="{colour}"/></marker>'
        for kind, colour in EDGES.items()
    ]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{width}" height="{height}"'
        f' font-family={quoteattr(FONT)} text-anchor="middle" role="img">',
        "<defs>",
        *markers,
        "</defs>",
        f'<rect width="{width}" height="{height}" fill="{BACKGROUND}"/>',
        *map(_edge, layout.routes),
        *map(_label, (route for route in layout.routes if route.edge.label)),
        *map(_box, layout.boxes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _edge(route: Route) -> str:
    kind = route.edge.kind
    dashes = f' stroke-dasharray="{" ".join(map(str, DASHES[kind]))}"' if DASHES[kind] else ""
    title = escape(f"{route.edge.source} to {route.edge.target}")
    return (
        f'<path class="edge {kind}" d="{_path(route)}" fill="none" stroke="{EDGES[kind]}" stroke-width="1.4"{dashes}'
        f' marker-end="url(#head-{kind})"><title>{title}</title></path>'
    )


def _path(route: Route) -> str:
    """Return path data: pairs of points bend into each other with a vertical tangent, the lines between are straight."""
    points = route.points
    parts = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for place in range(1, len(points), 2):
        (x0, y0), (x1, y1) = points[place - 1], points[place]
        middle = _n((y0 + y1) / 2)
        parts.append(f"C{_n(x0)} {middle} {_n(x1)} {middle} {_n(x1)} {_n(y1)}")
        if place + 1 < len(points):
            parts.append(f"V{_n(points[place + 1][1])}")
    return " ".join(parts)


def _label(route: Route) -> str:
    x, y = route.label_at
    return (
        f'<g class="label"><rect x="{_n(x - route.label_width / 2)}" y="{_n(y - 8)}" width="{_n(route.label_width)}"'
        f' height="16" fill="{BACKGROUND}"/><text x="{_n(x)}" y="{_n(y + 4)}" font-size="{LABEL_FONT_SIZE}"'
        f' fill="{EDGES[route.edge.kind]}">{escape(route.edge.label)}</text></g>'
    )


def _box(box: Box) -> str:
    fill, stroke = BOXES[box.node.kind]
    radius = 6 if box.node.kind == "step" else box.height / 2
    return (
        f'<g class="node {box.node.kind}"><rect x="{_n(box.x - box.width / 2)}" y="{_n(box.y - box.height / 2)}"'
        f' width="{_n(box.width)}" height="{_n(box.height)}" rx="{_n(radius)}" fill="{fill}" stroke="{stroke}"/>'
        f'<text x="{_n(box.x)}" y="{_n(box.y + 4.5)}" font-size="{FONT_SIZE}" fill="{TEXT}">'
        f"{escape(box.node.title)}</text></g>"
    )


def _n(value: float) -> str:
    return f"{round(value, 1):g}"
