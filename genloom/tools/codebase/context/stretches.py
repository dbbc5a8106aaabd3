"""Stretches: the lines of a module's own text, without the blank ones around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from genloom.tools.codebase.ranking.ranking import RankedSymbol

__all__ = ["stretches"]


def stretches(symbol: RankedSymbol, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of a definition, or of each part of a module's own text that is not blank; `lines` are
    its file's."""
    for start, end in symbol.parts or ((symbol.start_line, symbol.end_line),):
        told = [number for number in range(start, min(end, len(lines)) + 1) if lines[number - 1].strip()]
        if told:
            yield told[0], told[-1]
