"""Segments: which definition each byte of a file belongs to, when definitions nest."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from genloom.tools.codebase.outlines.outline import Segment

__all__ = ["OwnerMap", "flatten"]


def flatten(spans: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return disjoint segments in order: at each byte, the innermost span wins. Spans nest or are disjoint; among spans of
    the same extent the later one is the inner one."""
    pieces: list[Segment] = []
    open_spans: list[Segment] = []
    position = 0

    def close_until(byte: int) -> None:
        nonlocal position
        while open_spans and open_spans[-1].end <= byte:
            position = _emit(pieces, open_spans.pop(), position)

    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        close_until(span.start)
        if open_spans and span.start > position:
            _emit(pieces, open_spans[-1], position, span.start)
        position = max(position, span.start)
        open_spans.append(span)
    while open_spans:
        position = _emit(pieces, open_spans.pop(), position)
    return tuple(pieces)


def _emit(pieces: list[Segment], span: Segment, start: int, end: int | None = None) -> int:
    """Append the piece of `span` from `start` on, if any, and return where the text is covered up to."""
    stop = span.end if end is None else end
    if stop > start:
        pieces.append(Segment(start, stop, span.ordinal, span.field))
    return max(start, stop)


class OwnerMap:
    """Look-up of the definition that a byte belongs to."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._starts = [-1, *(segment.start for segment in segments)]
        self._ordinals = [0, *(segment.ordinal for segment in segments)]

    def ordinals(self, places: Iterable[int]) -> list[int]:
        """Return the ordinal of the innermost definition around each byte; 0, the module, where there is none."""
        starts, ordinals, find = self._starts, self._ordinals, bisect.bisect_right
        return [ordinals[find(starts, byte) - 1] for byte in places]
