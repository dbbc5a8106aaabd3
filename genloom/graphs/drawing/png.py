"""PNG of a layout, drawn by Pillow: its wheels bring their own font, so that no system package is needed."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from genloom.errors import UsageError
from genloom.graphs.drawing.layout import Box, Layout, Point, Route
from genloom.graphs.drawing.palette import BACKGROUND, BOXES, DASHES, EDGES, FONT_SIZE, LABEL_FONT_SIZE, TEXT

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

__all__ = ["png_bytes"]

SCALE = 4
"""Drawn this many times larger and then halved: two pixels of the picture for each of the layout, smoothed."""

CURVE_STEPS = 24
MOST_PIXELS = 60_000_000


def png_bytes(layout: Layout) -> bytes:
    """Return the layout as a PNG, at two pixels for each of the layout's.

    Raises `UsageError` when Pillow is not installed, or when the picture would be too large to hold in memory.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise UsageError(
            "A PNG needs Pillow, which is not installed.",
            hint="Install it with `pip install pillow`, or choose the format svg.",
        ) from error
    width, height = round(layout.width * SCALE), round(layout.height * SCALE)
    if width * height > MOST_PIXELS:
        raise UsageError(f"The picture is too large for a PNG ({width} x {height}).", hint="Choose the format svg.")
    image = Image.new("RGB", (width, height), BACKGROUND)
    canvas = ImageDraw.Draw(image)
    label_font = ImageFont.load_default(LABEL_FONT_SIZE * SCALE)
    for route in layout.routes:
        _draw_edge(canvas, route)
    for route in layout.routes:
        _draw_label(canvas, route, label_font)
    font = ImageFont.load_default(FONT_SIZE * SCALE)
    for box in layout.boxes:
        _draw_box(canvas, box, font)
    smaller = image.resize((width // 2, height // 2), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    smaller.save(target, format="PNG", optimize=True)
    return target.getvalue()


def _draw_edge(canvas: ImageDraw, route: Route) -> None:
    colour = EDGES[route.edge.kind]
    line = list(_polyline(route.points))
    for stroke in _dashed(line, DASHES[route.edge.kind]):
        canvas.line([(x * SCALE, y * SCALE) for x, y in stroke], fill=colour, width=round(1.4 * SCALE), joint="curve")
    (_, before), (x, y) = line[-2:]
    back = -9 if y > before else 9
    head = [(x, y), (x - 4, y + back), (x + 4, y + back)]
    canvas.polygon([(px * SCALE, py * SCALE) for px, py in head], fill=colour)


def _draw_label(canvas: ImageDraw, route: Route, font: Font) -> None:
    if not route.edge.label:
        return
    x, y = route.label_at
    half = route.label_width / 2
    canvas.rectangle(_scaled(x - half, y - 8, x + half, y + 8), fill=BACKGROUND)
    canvas.text((x * SCALE, y * SCALE), route.edge.label, fill=EDGES[route.edge.kind], font=font, anchor="mm")


def _draw_box(canvas: ImageDraw, box: Box, font: Font) -> None:
    fill, stroke = BOXES[box.node.kind]
    radius = 6 if box.node.kind == "step" else box.height / 2
    corners = _scaled(box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2, box.y + box.height / 2)
    canvas.rounded_rectangle(corners, radius=radius * SCALE, fill=fill, outline=stroke, width=SCALE)
    canvas.text((box.x * SCALE, box.y * SCALE), box.node.title, fill=TEXT, font=font, anchor="mm")


def _scaled(*values: float) -> list[float]:
    return [value * SCALE for value in values]


def _polyline(points: Sequence[Point]) -> Iterator[Point]:
    """Yield the route as a line of points, its bends as the same cubic curves that the SVG has."""
    for place, (here, there) in enumerate(pairwise(points)):
        yield here
        if place % 2 == 0:
            (x0, y0), (x1, y1) = here, there
            middle = (y0 + y1) / 2
            for step in range(1, CURVE_STEPS):
                t = step / CURVE_STEPS
                a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
                yield x0 * (a + b) + x1 * (c + d), y0 * a + middle * (b + c) + y1 * d
    yield points[-1]


def _dashed(line: Sequence[Point], dashes: tuple[int, ...]) -> Iterator[list[Point]]:
    """Yield the strokes of a line whose strokes and gaps have the given lengths; without dashes, the line itself."""
    if not dashes:
        yield list(line)
        return
    stroke, period = dashes[0], sum(dashes)
    current: list[Point] = []
    for gone, point in _walked(line):
        current.append(point)
        if gone % period >= stroke:
            if len(current) > 1:
                yield current
            current = []
    if len(current) > 1:
        yield current


def _walked(line: Sequence[Point]) -> Iterator[tuple[float, Point]]:
    """Yield points of a line in steps of at most half a pixel, each with the length of the line up to it."""
    gone = 0.0
    for (x0, y0), (x1, y1) in pairwise(line):
        length = math.hypot(x1 - x0, y1 - y0)
        steps = math.ceil(length * 2)
        for step in range(steps):
            share = step / steps
            yield gone + length * share, (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
        gone += length
    yield gone, line[-1]
