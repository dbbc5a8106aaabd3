"""Pictures of graphs."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.errors import NodeError
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from typing_extensions import TypedDict

from genloom.errors import UsageError
from genloom.graphs import build_generation_graph
from genloom.graphs.drawing import draw_graph
from genloom.graphs.drawing.diagram import Diagram, DiagramEdge, DiagramNode, diagram_of
from genloom.graphs.drawing.layout import Box, Layout, Route, lay_out

SVG = "{http://www.w3.org/2000/svg}"
NODES = {"inject_context", "generate", "verify", "review", "repair", "dispatch_agent", "fallback", "finalize"}


class Text(TypedDict):
    """A user's own state."""

    text: str


def step(state: Text) -> Text:
    return state


def is_long(state: Text) -> Literal["shorten", "__end__"]:
    return "shorten" if len(state["text"]) > 3 else "__end__"


def on_failure(state: Text, error: NodeError) -> Command[Literal["apologise"]]:
    return Command(goto="apologise")


def users_graph() -> Any:
    builder = StateGraph(Text)
    builder.add_node("read", step, error_handler=on_failure)
    builder.add_node("shorten", step)
    builder.add_node("apologise", step)
    builder.add_edge(START, "read")
    builder.add_conditional_edges("read", is_long)
    builder.add_conditional_edges("shorten", is_long)
    builder.add_conditional_edges("apologise", lambda state: state["text"], {"a & b": "read", "<none>": END})
    return builder.compile()


def titles(svg: str, kind: str) -> list[str]:
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    return [t.text or "" for g in groups if kind in g.get("class", "").split() for t in g.iter(f"{SVG}text")]


def edges(svg: str, kind: str) -> list[str]:
    paths = ElementTree.fromstring(svg).iter(f"{SVG}path")
    return [p.findtext(f"{SVG}title") or "" for p in paths if kind in p.get("class", "").split()]


def test_svg_shows_every_node_and_hides_the_error_handlers_own() -> None:
    """The boxes are the graph's nodes, START and END, and nothing else."""
    assert set(titles(draw_graph(build_generation_graph(), "svg"), "node")) == {*NODES, "START", "END"}


def test_svg_shows_the_fallback_edge_dashed_and_named() -> None:
    """The way from a failed model to the fallback is an edge of its own kind, dashed, with its reason."""
    svg = draw_graph(build_generation_graph(), "svg")
    assert edges(svg, "error") == ["generate to fallback"]
    assert "model failed" in titles(svg, "label")
    dashed = [p for p in ElementTree.fromstring(svg).iter(f"{SVG}path") if p.get("class") == "edge error"]
    assert dashed[0].get("stroke-dasharray")


def test_edges_of_a_router_carry_its_conditions() -> None:
    """What leads from the verdict onwards is written on the edges."""
    diagram = diagram_of(build_generation_graph())
    labels = {edge.target: edge.label for edge in diagram.edges if edge.source == "verify"}
    assert labels == {"review": "Passed", "repair": "Failed", "finalize": "otherwise"}


def test_mermaid_shows_nodes_and_the_fallback_edge() -> None:
    """The Mermaid text names every node, round ends, and both ways to the fallback."""
    text = draw_graph(build_generation_graph())
    assert all(f"\t{name}({name})" in text for name in NODES)
    assert "generate -. &nbsp;model failed&nbsp; .-> fallback;" in text
    assert "([START])" in text
    assert "error_handler" not in text


@pytest.mark.slow
def test_picture_is_the_same_in_every_process() -> None:
    """The picture does not depend on the order of sets or the addresses of objects."""
    program = (
        "from genloom.graphs import build_generation_graph as b; from genloom.graphs.drawing import draw_graph as d;"
        "print(d(b(), 'svg'), d(b(), 'mermaid'))"
    )
    pictures = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(pictures) == 1
    assert "<svg" in pictures.pop()


def test_users_own_graph_is_drawn_with_its_handler_and_its_conditions() -> None:
    """A graph that is not genloom's shows where its handler leads and the names of its routes."""
    svg = draw_graph(users_graph(), "svg")
    assert set(titles(svg, "node")) == {"read", "shorten", "apologise", "START", "END"}
    assert edges(svg, "error") == ["read to apologise"]
    assert {"a & b", "<none>", "on failure"} <= set(titles(svg, "label"))
    assert "shorten to shorten" in edges(svg, "condition")


def test_smallest_graph_is_drawn() -> None:
    """A graph of one node has three boxes and two edges."""
    builder = StateGraph(Text)
    builder.add_node("only", step)
    builder.add_edge(START, "only")
    builder.add_edge("only", END)
    svg = draw_graph(builder.compile(), "svg")
    assert titles(svg, "node") == ["START", "only", "END"]
    assert edges(svg, "always") == ["__start__ to only", "only to __end__"]


def test_no_edge_of_the_generation_graph_runs_through_a_box() -> None:
    """Every way touches the two boxes that it joins and keeps clear of the others, and of other labels."""
    layout = lay_out(diagram_of(build_generation_graph()))
    assert not list(collisions(layout))
    assert all(0 <= x <= layout.width and 0 <= y <= layout.height for route in layout.routes for x, y in route.points)


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    count = draw(st.integers(1, 7))
    names = [f"node_{place}" for place in range(count)]
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=12))
    drawn = [
        DiagramEdge(source=source, target=target, kind="condition", label=draw(st.sampled_from(["", "why", "x" * 30])))
        for source, target in pairs
    ]
    return Diagram(nodes=tuple(DiagramNode(name=name, title=name, kind="step") for name in names), edges=tuple(drawn))


@given(diagrams())
@settings(max_examples=60, deadline=None)
def test_any_graph_is_laid_out_without_collisions(diagram: Diagram) -> None:
    """Loops, double edges, cycles and parts that nothing leads to all find their place."""
    layout = lay_out(diagram)
    assert len(layout.boxes) == len(diagram.nodes)
    assert [route.edge for route in layout.routes] == list(diagram.edges)
    assert not list(collisions(layout))


def collisions(layout: Layout) -> Any:
    """Yield what stands where something else is: boxes on boxes, ways and labels on boxes, labels on labels."""
    for number, box in enumerate(layout.boxes):
        yield from (
            (box.node.name, other.node.name) for other in layout.boxes[:number] if overlap(area(box), area(other))
        )
    for number, route in enumerate(layout.routes):
        for box in layout.boxes:
            if runs_through(route, box) or (route.edge.label and overlap(label_area(route), area(box))):
                yield route.edge, box.node.name
        for other in layout.routes[:number]:
            if route.edge.label and other.edge.label and overlap(label_area(route), label_area(other)):
                yield route.edge, other.edge


Area = tuple[float, float, float, float]


def area(box: Box) -> Area:
    return box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2, box.y + box.height / 2


def label_area(route: Route) -> Area:
    (x, y), half = route.label_at, route.label_width / 2
    return x - half, y - 8, x + half, y + 8


def overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def runs_through(route: Route, box: Box) -> bool:
    """A bend stays within the rectangle of its two ends; so does a straight piece."""
    left, top, right, bottom = area(box)
    for (x0, y0), (x1, y1) in pairwise(route.points):
        inside = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if inside[0] < right and left < inside[2] and inside[1] < bottom and top < inside[3]:
            return True
        if x0 == x1 and left < x0 < right and inside[1] < bottom and top < inside[3]:
            return True
    return False


def test_png_is_drawn_by_pillow() -> None:
    """With the extra installed, the bytes are a PNG of twice the layout's size."""
    image = pytest.importorskip("PIL.Image", reason="Pillow (the png extra) is not installed")
    import io

    picture = image.open(io.BytesIO(draw_graph(build_generation_graph(), "png")))
    layout = lay_out(diagram_of(build_generation_graph()))
    assert picture.format == "PNG"
    assert picture.size == (round(layout.width * 4) // 2, round(layout.height * 4) // 2)
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 20


def test_png_without_pillow_says_what_to_install(tmp_path: Path) -> None:
    """Where Pillow is missing, the error names the extra."""
    (tmp_path / "PIL.py").write_text("raise ImportError('hidden for the test')\n")
    program = (
        "from genloom.errors import UsageError\n"
        "from genloom.graphs import build_generation_graph as build\n"
        "from genloom.graphs.drawing import draw_graph\n"
        "try:\n    draw_graph(build(), 'png')\nexcept UsageError as error:\n    print(error.hint)\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install pillow" in done.stdout


def test_what_cannot_be_drawn_is_a_usage_error() -> None:
    """An unknown format and a graph that was not compiled each say what to do."""
    graph: Any = users_graph()
    with pytest.raises(UsageError) as unknown:
        draw_graph(graph, "pdf")  # type: ignore[call-overload]  # the mistake under test
    assert "svg" in unknown.value.hint
    with pytest.raises(UsageError) as raw:
        draw_graph(graph.builder, "svg")
    assert "compile" in raw.value.hint
