"""`genloom graph`: which graphs there are, and pictures of them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal

import click

from genloom.interfaces.cli import options

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

__all__ = ["GRAPHS", "command"]

GRAPHS = {
    "generation": "build_generation_graph",
    "review": "build_review_graph",
    "feature": "build_feature_graph",
    "agent": "build_agent_graph",
    "batch": "build_batch_graph",
}
"""Name -> builder in `genloom.graphs`."""

_SUFFIXES: dict[str, Literal["mermaid", "svg", "png"]] = {".svg": "svg", ".png": "png"}


def _built(name: str) -> CompiledStateGraph[Any, Any, Any, Any]:  # Any: each graph has a state of its own
    graph: CompiledStateGraph[Any, Any, Any, Any] = getattr(importlib.import_module("genloom.graphs"), GRAPHS[name])()
    return graph


@click.group(
    short_help="List and draw the graphs.",
    epilog="\b\nExamples:\n  genloom graph list\n  genloom graph draw generation --out generation.svg",
)
def command() -> None:
    """List and draw genloom's graphs."""


@command.command("list", epilog="\b\nExample:\n  genloom graph list --json")
@options.as_json
def list_graphs(as_json: bool) -> int:
    """List the graphs with their nodes."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    nodes = {name: [node for node in _built(name).get_graph().nodes if not node.startswith("__")] for name in GRAPHS}
    if as_json:
        put_json({"graphs": [{"name": name, "nodes": found} for name, found in nodes.items()]})
    else:
        put_text("\n".join(f"{name}: {', '.join(found)}" for name, found in nodes.items()))
    return 0


@command.command(
    epilog="""\b
Examples:
  genloom graph draw
  genloom graph draw generation --format svg > generation.svg
  genloom graph draw --out generation.png"""
)
@click.argument("name", type=click.Choice(list(GRAPHS)), default="generation", required=False)
@click.option(
    "--format",
    "chosen",
    type=click.Choice(["mermaid", "svg", "png"]),
    help="[default: by the suffix of --out, else mermaid]",
)
@click.option("--out", metavar="FILE", help="Write the picture there.")
def draw(name: str, chosen: Literal["mermaid", "svg", "png"] | None, out: str | None) -> int:
    """Draw a graph, offline, with every edge that it can take."""
    import sys
    from pathlib import Path

    from genloom.errors import UsageError
    from genloom.graphs.drawing import draw_graph
    from genloom.interfaces.cli.output_file import opened
    from genloom.interfaces.cli.terminal import is_terminal, put_bytes, tell

    file = opened(out)
    form = chosen or _SUFFIXES.get(Path(out or "").suffix.lower(), "mermaid")
    if form == "png" and file is None and is_terminal(sys.stdout):
        raise UsageError("A PNG is no text for a terminal.", hint="Write it to a file with --out.")
    picture: str | bytes = draw_graph(_built(name), form)
    data = picture if isinstance(picture, bytes) else f"{picture.rstrip()}\n".encode()
    if file is None:
        put_bytes(data)
    else:
        tell(f"saved: {file.write(data)}")
    return 0
