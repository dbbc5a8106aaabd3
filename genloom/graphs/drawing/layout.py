"""The layout: where the boxes of a diagram stand and which way its edges run.

Every edge carries its label as a small box of its own, which takes part in the layout, so that no label stands on another.
An edge crosses the band of a layer straight down, at a place that the layout keeps free, and bends only between layers: it
cannot run through a box.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from genloom.graphs.drawing.diagram import Diagram, DiagramEdge, DiagramNode
from genloom.graphs.drawing.layers import Key, Place, Size, place_in_layers

__all__ = ["Box", "Layout", "Route", "lay_out"]

LETTER_WIDTH = 8.0
LABEL_LETTER_WIDTH = 6.5
BOX_HEIGHT = 34.0
LABEL_HEIGHT = 16.0
BOX_MARGIN = 14.0
PICTURE_MARGIN = 20.0

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A node's box in pixels; `x` and `y` are its centre."""

    node: DiagramNode
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Route:
    """An edge's way, from box to box: straight down (or up) from every first point to the following second one, with a
    bend from there to the next first one. `label_at` is the label's centre, `label_width` its width in pixels."""

    edge: DiagramEdge
    points: tuple[Point, ...]
    label_at: Point
    label_width: float


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A whole picture in pixels, from (0, 0) to (width, height)."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]


def lay_out(diagram: Diagram) -> Layout:
    """Return the layout of a diagram; the same diagram gives the same layout."""
    sizes: dict[Key, Size] = {node.name: _box_size(node) for node in diagram.nodes}
    links: list[tuple[Key, Key]] = []
    for index, edge in enumerate(diagram.edges):
        sizes[index] = (_label_width(edge), LABEL_HEIGHT if edge.label else 1.0)
        links += [(edge.source, index), (index, edge.target)]
    places, halves = place_in_layers(sizes, links)
    ways = [[*halves[2 * index], *halves[2 * index + 1][1:]] for index in range(len(diagram.edges))]
    boxes = {node.name: _box(node, places[node.name]) for node in diagram.nodes}
    middles = [_middle(way, places, _label_width(edge)) for way, edge in zip(ways, diagram.edges, strict=True)]
    ports = _ports(diagram.edges, middles, boxes)
    routes = [
        Route(
            edge=edge,
            points=(ports[index, 0], *middle, ports[index, -1]),
            label_at=(places[index].x, places[index].y),
            label_width=_label_width(edge),
        )
        for index, (edge, middle) in enumerate(zip(diagram.edges, middles, strict=True))
    ]
    return _framed(tuple(boxes.values()), routes)


def _box_size(node: DiagramNode) -> Size:
    return len(node.title) * LETTER_WIDTH + 2 * BOX_MARGIN, BOX_HEIGHT


def _label_width(edge: DiagramEdge) -> float:
    return len(edge.label) * LABEL_LETTER_WIDTH + 8.0


def _box(node: DiagramNode, place: Place) -> Box:
    width, height = _box_size(node)
    return Box(node=node, x=place.x, y=place.y, width=width, height=height)


def _middle(way: Sequence[Key], places: Mapping[Key, Place], label_width: float) -> list[Point]:
    """Return the points of a way between its two boxes. Where it turns back, at its label, it runs around the label."""
    points: list[Point] = []
    for before, key, after in zip(way, way[1:], way[2:], strict=False):
        here = places[key]
        arrives, leaves = _side(here, places[before]), _side(here, places[after])
        if arrives == leaves:
            aside = label_width / 2 + 3 if places[before].x <= places[after].x else -label_width / 2 - 3
            left, right = here.x - aside, here.x + aside
            turn = here.y + (LABEL_HEIGHT / 2 if arrives == here.top else -LABEL_HEIGHT / 2)
            points += [(left, arrives), (left, turn), (right, turn), (right, leaves)]
        else:
            points += [(here.x, arrives), (here.x, leaves)]
    return points


def _side(here: Place, other: Place) -> float:
    """Return the side of a layer's band that looks towards another place."""
    return here.top if other.y < here.y else here.bottom


def _ports(
    edges: Sequence[DiagramEdge], middles: Sequence[Sequence[Point]], boxes: Mapping[str, Box]
) -> dict[tuple[int, int], Point]:
    """Return where each edge touches its first box (`edge, 0`) and its last (`edge, -1`): side by side along the box's
    side, in the order of what they lead to, so that they do not cross there."""
    sides: dict[tuple[str, bool], list[tuple[float, int, int]]] = defaultdict(list)
    for index, (edge, middle) in enumerate(zip(edges, middles, strict=True)):
        for end, name in ((0, edge.source), (-1, edge.target)):
            x, y = middle[end]
            sides[name, y > boxes[name].y].append((x, index, end))
    ports = {}
    for (name, below), touching in sides.items():
        box = boxes[name]
        y = box.y + box.height / 2 if below else box.y - box.height / 2
        for number, (_, index, end) in enumerate(sorted(touching), start=1):
            ports[index, end] = (box.x + box.width * (number / (len(touching) + 1) - 0.5), y)
    return ports


def _framed(boxes: Sequence[Box], routes: Sequence[Route]) -> Layout:
    """Move everything so that the picture begins at its margin."""
    left = min([box.x - box.width / 2 for box in boxes] + [_left_of(route) for route in routes]) - PICTURE_MARGIN
    right = max([box.x + box.width / 2 for box in boxes] + [_right_of(route) for route in routes]) + PICTURE_MARGIN
    top = min(box.y - box.height / 2 for box in boxes) - PICTURE_MARGIN
    bottom = max([box.y + box.height / 2 for box in boxes] + [y for r in routes for _, y in r.points]) + PICTURE_MARGIN

    def moved(point: Point) -> Point:
        return point[0] - left, point[1] - top

    return Layout(
        width=right - left,
        height=bottom - top,
        boxes=tuple(replace(box, x=box.x - left, y=box.y - top) for box in boxes),
        routes=tuple(
            replace(route, points=tuple(map(moved, route.points)), label_at=moved(route.label_at)) for route in routes
        ),
    )


def _left_of(route: Route) -> float:
    return min(*(x for x, _ in route.points), route.label_at[0] - route.label_width / 2)


def _right_of(route: Route) -> float:
    return max(*(x for x, _ in route.points), route.label_at[0] + route.label_width / 2)
