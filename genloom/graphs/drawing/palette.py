"""The colours and sizes that every kind of picture shares."""

from __future__ import annotations

from collections.abc import Mapping

from genloom.graphs.drawing.diagram import EdgeKind, NodeKind

__all__ = ["BACKGROUND", "BOXES", "DASHES", "EDGES", "FONT_SIZE", "LABEL_FONT_SIZE", "TEXT"]

BACKGROUND = "#ffffff"
TEXT = "#1f2328"
FONT_SIZE = 14
LABEL_FONT_SIZE = 11

BOXES: Mapping[NodeKind, tuple[str, str]] = {
    "start": ("#eaeef2", "#57606a"),
    "step": ("#ddf4ff", "#0969da"),
    "end": ("#dafbe1", "#1a7f37"),
}
"""Fill and border by kind of node."""

EDGES: Mapping[EdgeKind, str] = {"always": "#424a53", "condition": "#57606a", "error": "#cf222e"}
"""Colour by kind of edge. The dashes tell the kinds apart without colour."""

DASHES: Mapping[EdgeKind, tuple[int, ...]] = {"always": (), "condition": (3, 3), "error": (7, 4)}
"""Lengths of stroke and gap in pixels."""
