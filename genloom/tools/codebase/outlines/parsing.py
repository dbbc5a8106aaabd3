"""Parsing within bounds: a grammar's own work is linear in real code, and its square in code that was made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Parser, Tree

__all__ = ["parse_bounded"]

MIN_STEPS = 1_000
BYTES_A_STEP = 20  # real code takes a step for about 170 bytes
CHUNK = 1_024
MIN_READS = 500
READS_A_CHUNK = 40  # real code is read less than three times


def parse_bounded(parser: Parser, source: bytes) -> Tree:
    """Return the tree; that of an empty file where parsing takes many times the steps that real code takes, or where a
    token is looked for in the same text again and again (an opened string that nothing closes).

    The parser must be this thread's own: parsing asks back, and other threads go on meanwhile.
    """
    steps = MIN_STEPS + len(source) // BYTES_A_STEP
    reads = MIN_READS + READS_A_CHUNK * (len(source) // CHUNK)

    parsing = True  # later a node's text is read by the same function

    def read(start: int, _point: object) -> bytes:
        nonlocal reads
        reads -= parsing
        return source[start : start + CHUNK] if reads >= 0 else b""

    def is_too_long(_offset: int, _has_error: bool) -> bool:
        nonlocal steps
        steps -= 1
        return steps < 0 or reads < 0

    try:
        tree = parser.parse(read, progress_callback=is_too_long)
    except ValueError:  # stopped
        parser.reset()
        return parser.parse(b"")
    parsing = False
    return tree if reads >= 0 else parser.parse(b"")
