"""Hidden characters: what a person does not see and a model reads, or what shows code in another order than it has.

Characters of use to people stay: joiners in Arabic, Persian and Indic words and in emoji, direction marks, flags of
regions, one variation selector after what it selects, soft hyphens, a byte-order mark at the start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["INVISIBLE", "Replacement", "hidden_characters"]

Replacement = tuple[int, int, str, int]
"""Start, end, kind, and how many characters it hides; a kind of "" takes out what another marker already counts."""

_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_JOINERS = "\u200b-\u200d\u2060-\u2064\ufeff\u180e\u034f"
_MARKS = "\u00ad\u061c\u200e\u200f\u206a-\u206f\ufff9-\ufffb\U0001d173-\U0001d17a"
_FILLERS = "\u115f\u1160\u3164\uffa0\u17b4\u17b5"

INVISIBLE = re.compile(f"[{_JOINERS}{_MARKS}{_FILLERS}{_SELECTORS}\u202a-\u202e\u2066-\u2069\U000e0000-\U000e00ff]")
"""Every character that shows nothing by itself."""

_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_TAGS = re.compile(f"{_FLAG}|([\U000e0000-\U000e00ff]+)")
_SELECTOR_RUN = re.compile(f"[{_SELECTORS}]+")
_INVISIBLE_RUN = re.compile(f"[{_JOINERS}{_MARKS}]{{4,}}")
_SCATTERED = re.compile("(?<=[ -~\n])[\u200b-\u200d\u2060-\u2064\ufeff\u180e](?=[ -~\n])")
_SPLIT_WORD = re.compile(f"(?:[A-Za-z][{_JOINERS}{_MARKS}]{{1,3}}+){{4,}}[A-Za-z]")
_FILLER_RUN = re.compile("[\u115f\u1160\u3164\uffa0]+")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LINE = re.compile("[^\n\u2029]+")
_CODE_SIGN = re.compile(r"#\s|/\*|\*/|(?<!:)//|--\s|<!--|;\s{0,4}\w")
_QUOTE = re.compile(r"(?<!\w)'|'(?!\w)")
_LEFT_TO_RIGHT = re.compile("[A-Za-z0-9]")
_NUMBER = re.compile("[\\d\\s+().-]*\\Z")

LONG_RUN = 8
MAX_NESTED = 16
"""Nobody writes direction controls within one another deeper than this."""
MANY_SCATTERED = 8


def hidden_characters(text: str) -> Iterator[Replacement]:
    """Yield what hides in a text. Linear; nothing for ASCII."""
    if text.isascii() or not INVISIBLE.search(text):
        return
    for match in _TAGS.finditer(text):
        if match[1]:
            yield *match.span(1), "tag characters", len(match[1])
    yield from _selectors(text)
    yield from _zero_width(text)
    yield from _fillers(text)
    yield from _bidi(text)


def _selectors(text: str) -> Iterator[Replacement]:
    for match in _SELECTOR_RUN.finditer(text):
        run, before = match.group(), text[match.start() - 1] if match.start() else ""
        if _carries_data(run) if len(run) > 1 else not _selects(run, before):
            yield *match.span(), "variation selectors", len(run)


def _carries_data(run: str) -> bool:
    return len(run) > 2 or bool(set(run) - {"\ufe0e", "\ufe0f"})


def _selects(selector: str, before: str) -> bool:
    """Whether a selector can choose a form of the character before it. Stray emoji selectors are common and say nothing."""
    if selector in "\ufe0e\ufe0f":
        return True
    if selector >= "\U000e0100":
        return (
            "\u3400" <= before <= "\u9fff" or "\uf900" <= before <= "\ufaff" or "\U00020000" <= before <= "\U0003ffff"
        )
    return before.isdigit() or before > "\x7f"


def _zero_width(text: str) -> Iterator[Replacement]:
    for match in _SPLIT_WORD.finditer(text):
        if "\u00ad" not in match.group() or len(set(INVISIBLE.findall(match.group()))) > 1:
            yield *match.span(), "zero-width text", len(match.group())
    for match in _INVISIBLE_RUN.finditer(text):
        if len(match.group()) >= LONG_RUN or len(set(match.group())) > 1:
            yield *match.span(), "zero-width text", len(match.group())
    scattered = [match.start() for match in _SCATTERED.finditer(text)]
    if len(scattered) >= MANY_SCATTERED and len({text[place] for place in scattered}) > 1:
        yield scattered[0], scattered[0] + 1, "zero-width text", len(scattered)
        yield from ((place, place + 1, "", 0) for place in scattered[1:])


def _fillers(text: str) -> Iterator[Replacement]:
    """Yield Hangul fillers away from Hangul: letters that show nothing, which can name a variable."""
    for match in _FILLER_RUN.finditer(text):
        around = text[max(match.start() - 1, 0) : match.start()] + text[match.end() : match.end() + 1]
        if not any("\u1100" <= c <= "\u11ff" or "\u3130" <= c <= "\u318f" or "\uac00" <= c <= "\ud7a3" for c in around):
            yield *match.span(), "invisible letters", len(match.group())


def _bidi(text: str) -> Iterator[Replacement]:
    """Yield the direction controls of the lines where they can show the characters in a misleading order."""
    if not _BIDI.search(text):
        return
    for line in _LINE.finditer(text):
        controls = list(_BIDI.finditer(line.group()))
        if controls and _misleads(line.group(), [(control.start(), control.group()) for control in controls]):
            for control in controls:
                yield line.start() + control.start(), line.start() + control.end(), "bidi controls", 1


def _misleads(line: str, controls: list[tuple[int, str]]) -> bool:
    """Whether a stretch under a control shows code in another order than it has. What is not closed goes on to the line's
    end, but for the quotes and marks that end a string there; a closing mark alone does nothing."""
    opened: list[tuple[int, str]] = []
    for place, control in controls:
        if control not in "\u202c\u2069":
            opened.append((place, control))
            if len(opened) > MAX_NESTED:
                return True
        elif opened:
            start, opening = opened.pop()
            if _shows_otherwise(opening, line[start + 1 : place]):
                return True
    rest = line.rstrip(" \t\r\"'`,;)")
    return len(opened) > 1 or any(_shows_otherwise(opening, rest[start + 1 :]) for start, opening in opened)


def _shows_otherwise(opening: str, inside: str) -> bool:
    """Whether an override turns Latin letters or digits around, or a quote or bracket is parted from its partner, or a
    comment sign or the end of a statement is shown elsewhere."""
    if opening == "\u202e" and _LEFT_TO_RIGHT.search(inside):
        return True
    if opening == "\u202d" and not _NUMBER.match(inside):
        return True
    quotes = any(inside.count(quote) % 2 for quote in '"`') or len(_QUOTE.findall(inside)) % 2
    brackets = any(inside.count(left) != inside.count(right) for left, right in ("()", "[]", "{}"))
    return bool(quotes or brackets or _CODE_SIGN.search(inside))
