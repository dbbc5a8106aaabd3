"""Instructions: where a text reads like an instruction to a model. Only labels come of it."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from genloom.tools.security.foreign_phrases import FOREIGN_PHRASES
from genloom.tools.security.hidden_characters import INVISIBLE
from genloom.tools.security.instruction_phrases import PHRASES, Phrase, compiled_phrase

__all__ = ["Instruction", "commands", "instructions"]

Instruction = tuple[int, str]
"""Where it stands in the text, and its kind."""

BEFORE_SEED = 120
AFTER_SEED = 200
MAX_FOUND = 100
ALL = (*PHRASES, *FOREIGN_PHRASES)
_MARKS = "\u0591-\u05c7\u064b-\u065f\u0900-\u0dff"
"""Vowels of Hebrew, Arabic and the scripts of India, which are no letters to `\\w`."""
_WORD = re.compile(
    rf"[^\W\d_]{{0,60}}?[^\W\d_\x00-\x7f](?:[^\W\d_]|[{_MARKS}])*|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+|[.!?](?=[\s\"'`)]|\Z)|\n\s*\n|\|"
)
_PARTS = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LETTERS = bytes(code if chr(code).isalpha() and code < 128 else 32 for code in range(256))
STEM = 4
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
    found: dict[tuple[int, str], int] = {}
    line = position = 0
    for place, kind in sorted(_found(text)):
        if len(found) >= MAX_FOUND:
            break
        line += text.count("\n", position, place)
        position = place
        found.setdefault((line, kind), place)
    return [(place, kind) for (_, kind), place in found.items()]


def commands(text: str) -> bool:
    """Whether a text gives an order at all: what is said of *decoded* text, where nobody writes prose by accident."""
    plain, _ = _plain(text, 0, min(len(text), 4_000))
    return bool(_COMMAND.search(plain)) or bool(instructions(text))


def _found(text: str) -> Iterator[Instruction]:
    lowered = text.lower()
    words: dict[tuple[int, int], tuple[str, list[tuple[int, int]]]] = {}
    for phrase, hits in _seeded(text, lowered).items():
        for start, end in _windows(lowered, phrase, hits):
            if phrase.raw:
                for found in compiled_phrase(phrase).finditer(text, start, end):
                    yield found.end() - len(found.group().lstrip()), phrase.kind
                continue
            if (start, end) not in words:
                words[start, end] = _plain(text, start, end)
            yield from _matches(phrase, *words[start, end])


def _matches(phrase: Phrase, plain: str, places: list[tuple[int, int]]) -> Iterator[Instruction]:
    for match in compiled_phrase(phrase).finditer(plain):
        index = bisect.bisect_right(places, match.start(), key=lambda pair: pair[0]) - 1
        yield places[max(index, 0)][1], phrase.kind


@cache
def _seeds() -> dict[str, dict[str, list[Phrase]]]:
    """Return the phrases of each seed, by the stem of the seed's longest word; seeds without one stand under "", those of
    other alphabets under "other"."""
    stems: dict[str, dict[str, list[Phrase]]] = {}
    for phrase in ALL:
        for seed in phrase.seeds:
            word = max(re.findall("[a-z]+", seed), key=len, default="")
            stem = word[:STEM] if seed.isascii() else "other"
            stems.setdefault(stem, {}).setdefault(seed, []).append(phrase)
    return stems


def _seeded(text: str, lowered: str) -> dict[Phrase, list[int]]:
    """Return the places of each phrase's seeds, in order. Only seeds of whose first word the text has the stem are sought."""
    stems = _seeds()
    wanted = ["", *(_stems(text) & stems.keys())] if text.isascii() else ["", "other", *(_stems(text) & stems.keys())]
    hits: dict[Phrase, list[int]] = {}
    for stem in wanted:
        for seed, phrases in stems.get(stem, {}).items():
            places = list(_hits(lowered, seed))
            for phrase in phrases if places else ():
                hits.setdefault(phrase, []).extend(places)
    return {phrase: sorted(places) for phrase, places in hits.items()}


def _stems(text: str) -> set[str]:
    """Return the first letters of every word of a text, the words of joined names too, in lower case."""
    words = set(text.encode("ascii", "replace").translate(_LETTERS).decode("ascii").split())
    joined = [word for word in words if not word.islower() and not word[1:].islower()]
    words.update(part for word in joined for part in _PARTS.findall(word))
    return {word[:STEM].lower() for word in words}


def _hits(lowered: str, seed: str) -> Iterator[int]:
    place = lowered.find(seed)
    while place >= 0:
        yield place
        place = lowered.find(seed, place + len(seed))


def _windows(lowered: str, phrase: Phrase, hits: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the stretches around a phrase's seeds, joined where they meet, that hold a word it needs beside them. A few
    letters become two in lower case, so that places in a text which has them are a little off: windows have room for some."""
    if phrase.near:
        hits = [hit for hit in hits if _has_company(lowered[max(hit - BEFORE_SEED, 0) : hit + AFTER_SEED], phrase.near)]
    if not hits:
        return
    start, end = max(hits[0] - BEFORE_SEED, 0), hits[0] + AFTER_SEED
    for hit in hits:
        if hit - BEFORE_SEED > end:
            yield start, end
            start = hit - BEFORE_SEED
        end = hit + AFTER_SEED
    yield start, end


def _has_company(stretch: str, words: tuple[str, ...]) -> bool:
    return any(word in stretch for word in words)


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
