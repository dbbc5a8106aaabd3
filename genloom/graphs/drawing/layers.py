"""Layers: a directed graph's vertices placed in rows so that most edges point down and few cross.

Layered drawing after Sugiyama, Tagawa and Toda ("Methods for visual understanding of hierarchical system structures",
1981), by the grandalf library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout

__all__ = ["Key", "Place", "Size", "place_in_layers"]

Key = str | int
"""A vertex's name; the waypoints that the layout adds where an edge passes a layer are negative numbers."""

Size = tuple[float, float]

LAYER_GAP = 36.0
SIDE_GAP = 22.0
WAYPOINT_WIDTH = 8.0
ROUNDS = 12.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a vertex stands, in pixels: its centre `x`, and the band of its layer from `top` to `bottom`."""

    x: float
    top: float
    bottom: float

    @property
    def y(self) -> float:
        """The middle of the band."""
        return (self.top + self.bottom) / 2


@dataclass(eq=False)
class _View:
    """What grandalf asks of a vertex: its size; it sets `xy`."""

    w: float
    h: float
    xy: tuple[float, float] = (0.0, 0.0)


def place_in_layers(
    sizes: Mapping[Key, Size], links: Sequence[tuple[Key, Key]]
) -> tuple[dict[Key, Place], list[list[Key]]]:
    """Return the place of every vertex, and for each link the vertices that it visits, its own two ends included.

    `sizes` are width and height by vertex, the first one the root; every vertex hangs on it by links, in any direction,
    or is hung there unseen. No two links join the same two vertices. Vertices of one layer do not overlap.
    """
    vertices = {key: Vertex(key) for key in sizes}
    for key, vertex in vertices.items():
        vertex.view = _View(*sizes[key])
    unseen = [(next(iter(sizes)), key) for key in _strays(list(sizes), links)]
    edges = [Edge(vertices[source], vertices[target]) for source, target in (*links, *unseen)]
    drawn = SugiyamaLayout(Graph(list(vertices.values()), edges).C[0])
    drawn.xspace, drawn.yspace, drawn.dw, drawn.dh = SIDE_GAP, LAYER_GAP, WAYPOINT_WIDTH, 1.0
    drawn.init_all(roots=[next(iter(vertices.values()))])
    drawn.draw(ROUNDS)
    names: dict[object, Key] = {vertex: key for key, vertex in vertices.items()}
    ways = [_way(drawn, edge, names) for edge in edges[: len(links)]]
    return _places(drawn, names), ways


def _strays(keys: Sequence[Key], links: Iterable[tuple[Key, Key]]) -> list[Key]:
    """Return one vertex of every part of the graph that no way from the first vertex leads to."""
    following: dict[Key, list[Key]] = {key: [] for key in keys}
    for source, target in links:
        following[source].append(target)
    reached: set[Key] = set()
    strays = []
    for key in keys:
        if key not in reached:
            strays.append(key)
            waiting = [key]
            while waiting:
                here = waiting.pop()
                if here not in reached:
                    reached.add(here)
                    waiting += following[here]
    return strays[1:]


def _way(drawn: SugiyamaLayout, edge: Edge, names: dict[object, Key]) -> list[Key]:
    """Return the vertices that an edge visits; a waypoint gets its name here."""
    source, target = edge.v
    passed = drawn.ctrls.get(edge)
    if passed is None:
        return [names[source], names[target]]
    ranks = sorted(passed, reverse=drawn.grx[source].rank > drawn.grx[target].rank)
    return [names.setdefault(passed[rank], -1 - len(names)) for rank in ranks]


def _places(drawn: SugiyamaLayout, names: Mapping[object, Key]) -> dict[Key, Place]:
    places = {}
    top = 0.0
    for layer in drawn.layers:
        bottom = top + max(vertex.view.h for vertex in layer)
        for vertex, x in zip(layer, _kept_apart(layer), strict=True):
            if vertex in names:
                places[names[vertex]] = Place(x=x, top=top, bottom=bottom)
        top = bottom + LAYER_GAP
    return places


def _kept_apart(layer: Sequence[Vertex]) -> list[float]:
    """Return the layer's places from left to right, moved where the library's averaging let two come too close."""
    wanted = [vertex.view.xy[0] for vertex in layer]
    gaps = [(left.view.w + right.view.w) / 2 + SIDE_GAP for left, right in pairwise(layer)]
    rightmost = wanted[:1]
    for x, gap in zip(wanted[1:], gaps, strict=True):
        rightmost.append(max(x, rightmost[-1] + gap))
    leftmost = wanted[-1:]
    for x, gap in zip(reversed(wanted[:-1]), reversed(gaps), strict=True):
        leftmost.append(min(x, leftmost[-1] - gap))
    return [(a + b) / 2 for a, b in zip(rightmost, reversed(leftmost), strict=True)]
