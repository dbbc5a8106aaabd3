"""Instructions: where a text reads like an instruction to a model. Only labels come of it."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator

from genloom.tools.security.hidden_characters import INVISIBLE
from genloom.tools.security.instruction_phrases import PHRASES, Phrase, compiled_phrase

__all__ = ["Instruction", "commands", "instructions"]

Instruction = tuple[int, str]
"""Where it stands in the text, and its kind."""

BEFORE_SEED = 120
AFTER_SEED = 200
MAX_FOUND = 100
_SEEDS = tuple(dict.fromkeys(seed for phrase in PHRASES for seed in phrase.seeds))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+|[.!?](?=[\s\"'`)]|\Z)|\n\s*\n|\|")
_ACCENTS = re.compile("[\u0300-\u036f]")
_COMMAND = re.compile(
    r"(?:^|\. |please |must |should |you |and |then |now |to )(?:ignore|disregard|forget|reveal|print|show|send|post|upload|leak|"
    r"exfiltrate|delete|remove|run|execute|call|install|fetch|download|curl|write|add|append|insert|approve|skip|disable|grant|tell|"
    r"output|return|respond|reply|say|obey|follow|open|commit|push|email|include) (?:[^ .]+ ){0,5}?(?:instructions?|prompts?|keys?|secrets?|"
    r"tokens?|passwords?|credentials?|env|files?|tests?|reviews?|checks?|commands?|shell|script|rm|https?|users?|admin|access|"
    r"database|tables?|repository|branch|backdoor|approved|everything|anything|assistant|server|url|code)\b"
)


def instructions(text: str) -> list[Instruction]:
    """Return what reads like an instruction, in order; one of a kind for each line at most, 100 together. Linear.

    Found by common phrases of some twenty languages in a developer's text or a comment, name or string of code. A
    heuristic both ways: texts *about* such phrases are found too, and a new wording is not.
    """
    lowered = text.lower()
    seeds = [seed for seed in _SEEDS if seed in lowered]
    if not seeds:
        return []
    found: dict[tuple[int, str], int] = {}
    for place, kind in sorted(_found(text, lowered, seeds)):
        line = text.count("\n", 0, place) if len(found) < MAX_FOUND else -1
        if line >= 0:
            found.setdefault((line, kind), place)
    return [(place, kind) for (_, kind), place in found.items()]


def commands(text: str) -> bool:
    """Whether a text gives an order at all: what is said of *decoded* text, where nobody writes prose by accident."""
    plain, _ = _plain(text, 0, min(len(text), 4_000))
    return bool(_COMMAND.search(plain)) or bool(instructions(text))


def _found(text: str, lowered: str, seeds: list[str]) -> Iterator[Instruction]:
    present = [phrase for phrase in PHRASES if any(seed in seeds for seed in phrase.seeds)]
    for phrase in present:
        if phrase.raw:
            yield from ((match.start(), phrase.kind) for match in compiled_phrase(phrase).finditer(text))
    of_words = [phrase for phrase in present if not phrase.raw]
    for start, end in _windows(lowered, of_words, len(text)):
        plain, places = _plain(text, start, end)
        for phrase in of_words:
            yield from _matches(phrase, plain, places)


def _matches(phrase: Phrase, plain: str, places: list[tuple[int, int]]) -> Iterator[Instruction]:
    for match in compiled_phrase(phrase).finditer(plain):
        index = bisect.bisect_right(places, match.start(), key=lambda pair: pair[0]) - 1
        yield places[max(index, 0)][1], phrase.kind


def _windows(lowered: str, phrases: list[Phrase], length: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches around the phrases' seeds, joined where they meet. A few letters become two in lower case, so
    that places in a text which has them are a little off: the windows have room for some."""
    hits = sorted({hit for phrase in phrases for seed in phrase.seeds for hit in _hits(lowered, seed)})
    start = end = -1
    for hit in hits:
        if hit - BEFORE_SEED > end:
            if end >= 0:
                yield start, min(end, length)
            start = max(hit - BEFORE_SEED, 0)
        end = hit + AFTER_SEED
    if end >= 0:
        yield start, min(end, length)


def _hits(lowered: str, seed: str) -> Iterator[int]:
    place = lowered.find(seed)
    while place >= 0:
        yield place
        place = lowered.find(seed, place + len(seed))


def _plain(text: str, start: int, end: int) -> tuple[str, list[tuple[int, int]]]:
    """Return the words of a stretch, as phrases are matched against, with the places of each word there and in the text."""
    words, places, length = [], [], 0
    for match in _WORD.finditer(text, start, end):
        word = match.group()
        plain = _folded(word) if word[0].isalnum() else "."
        words.append(plain)
        places.append((length, match.start()))
        length += len(plain) + 1
    return " ".join(words), places


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", INVISIBLE.sub("", word).lower())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))
