"""Screening: hidden and encoded text is blocked, what reads like an instruction is labelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from genloom.tools.security.encodings import encoded_instructions
from genloom.tools.security.findings import Finding, Screened
from genloom.tools.security.hidden_characters import INVISIBLE, Replacement, hidden_characters
from genloom.tools.security.instructions import instructions
from genloom.tools.security.lookalikes import lookalikes

__all__ = ["screen"]

MAX_PASSES = 4


def screen(text: str, *, title: str = "", keep_lines: bool = False) -> Screened:
    """Replace hidden or encoded text by markers such as `[blocked: zero-width text, 96 characters]`, and label what reads
    like an instruction to a model.

    A marker names the kind and the length, never the content. A label removes nothing. Deterministic, idempotent, linear
    in the text's length; never raises; a text without hidden text comes back unchanged. `title` is named in the findings.
    With `keep_lines` a marker is followed by as many line breaks as it stands for, so that lines keep their numbers.
    """
    blocked: list[Finding] = []
    for _ in range(MAX_PASSES):
        replacements = list(_merged(_candidates(text)))
        if not replacements:
            return Screened(text=text, blocked=tuple(blocked), labels=tuple(_labels(text, title)))
        blocked += _findings(text, replacements, title)
        text = _replaced(text, replacements, keep_lines)
    # a text in which each replacement uncovers another was made to be one: nothing of it passes
    breaks = "\n" * text.count("\n") if keep_lines else ""
    return Screened(text=f"[blocked: unstable text, {len(text)} characters]{breaks}", blocked=tuple(blocked))


def _candidates(text: str) -> Iterator[Replacement]:
    yield from hidden_characters(text)
    shown, places = _shown(text)
    for start, end, kind, length in (*encoded_instructions(shown), *lookalikes(shown)):
        yield (start, end, kind, length) if places is None else (places[start], places[end - 1] + 1, kind, length)


def _shown(text: str) -> tuple[str, list[int] | None]:
    """Return what of a text can be seen, and the place in the text of each of its characters; `None` when all can be."""
    if text.isascii() or not INVISIBLE.search(text):
        return text, None
    places = [place for place, character in enumerate(text) if not INVISIBLE.match(character)]
    return "".join(text[place] for place in places), places


def _labels(text: str, title: str) -> Iterator[Finding]:
    line, position = 1, 0
    shown = _shown(text)[0]
    for place, kind in instructions(shown):
        line += shown.count("\n", position, place)
        position = place
        yield Finding(line, kind, 0, title)


def _merged(found: Iterable[Replacement]) -> Iterator[Replacement]:
    """Join what overlaps or touches; the one that starts first, and among those the longest, gives the kind."""
    current: Replacement | None = None
    for piece in sorted(found, key=lambda piece: (piece[0], -piece[1])):
        if current is None:
            current = piece
        elif piece[0] < current[1] or (piece[0] == current[1] and piece[2] == current[2]):
            end = max(current[1], piece[1])
            current = (current[0], end, current[2] or piece[2], max(end - current[0], current[3]))
        else:
            yield current
            current = piece
    if current is not None:
        yield current


def _replaced(text: str, replacements: Iterable[Replacement], keep_lines: bool) -> str:
    pieces, position = [], 0
    for start, end, kind, length in replacements:
        breaks = "\n" * text.count("\n", start, end) if keep_lines else ""
        pieces += [text[position:start], f"[blocked: {kind}, {length} characters]" if kind else "", breaks]
        position = end
    return "".join((*pieces, text[position:]))


def _findings(text: str, replacements: Iterable[Replacement], title: str) -> Iterator[Finding]:
    line, position = 1, 0
    for start, _, kind, length in replacements:
        line += text.count("\n", position, start)
        position = start
        if kind:
            yield Finding(line, kind, length, title)
