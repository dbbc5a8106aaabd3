"""Vocabulary: the words of a prompt, and what they suggest.

Every operator carries words; a prompt that uses one of them makes the operator cheaper, and an answer that leaves such a
word uncovered is ranked lower. Words are compared by stem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from genloom.tools.synthesis.engine.expression import Operator

__all__ = ["Lexicon", "descriptive", "numbers_in", "stem", "stems", "words_in"]

_STOP = frozenset(
    """a an and are as at be been being by can do does each else for from function get give given gives has have how if in
    into is it its itself let make no not of off on one only or other out over return returns should so such than that the
    their them then there these they this those to up use used using value values want was were what when where which
    whose will with write you your python program""".split()
)
_SUFFIXES = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "ly", "s", "y", "e")
_NUMBER_WORDS: dict[str, tuple[int, ...]] = {
    "two": (2,), "three": (3,), "four": (4,), "five": (5,), "six": (6,), "seven": (7,), "eight": (8,), "nine": (9,),
    "ten": (10,), "twelve": (12,), "second": (2,), "third": (3,), "fourth": (4,), "fifth": (5,), "twice": (2,),
    "double": (2,), "triple": (3,), "half": (2,), "pair": (2,), "dozen": (12,), "hundred": (100,), "thousand": (1000,),
    "percent": (100,), "percentage": (100,), "seconds": (60, 3600), "minute": (60,), "minutes": (60,), "hour": (60, 3600),
    "hours": (60, 3600), "day": (24,), "days": (24,), "week": (7,), "weeks": (7,), "month": (12,), "months": (12,),
    "year": (12, 365), "years": (12, 365),
}  # fmt: skip


def stem(word: str) -> str:
    """A word without its ending, crude but the same on both sides of a comparison."""
    word = word.lower()
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            base = word[: -len(suffix)]
            return base[:-1] if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "ls" else base
    return word


def stems(text: str) -> frozenset[str]:
    """The stems of a space-separated list of words."""
    return frozenset(map(stem, text.split()))


def words_in(prompt: str, name: str) -> tuple[str, ...]:
    """The stems of the prompt's and the name's words that say something, each once, in order; a letter says nothing."""
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", f"{prompt} {name.replace('_', ' ')}")
    found = [stem(word) for word in re.findall(r"[A-Za-z]{2,}", text) if word.lower() not in _STOP]
    return tuple(dict.fromkeys(found))


def numbers_in(prompt: str) -> tuple[int, ...]:
    """The whole numbers that a prompt names, in digits or in words, each once, in order."""
    found: list[int] = []
    for word in re.findall(r"\d+|[A-Za-z]+", prompt):
        if word.isdigit() and len(word) <= 9:
            found.append(int(word))
        else:
            found.extend(_NUMBER_WORDS.get(word.lower(), ()))
    return tuple(dict.fromkeys(found))


_DESCRIPTIVE = {
    "list": "list item element value sequence",
    "list[str]": "word name text string list item",
    "str": "text string",
    "int": "number integer value",
    "float": "number value",
    "dict": "dictionary table map",
}


def descriptive(kinds: Iterable[str]) -> frozenset[str]:
    """The stems of words that say what the arguments are, not what is to be done with them."""
    joined = " ".join(kinds)
    return frozenset().union(*(stems(words) for kind, words in _DESCRIPTIVE.items() if kind in joined))


@dataclass(frozen=True)
class Lexicon:
    """The prompt's words as one search sees them: each has a bit, and `known` marks those that any operator answers to."""

    words: tuple[str, ...]
    known: int = 0

    def mask_of(self, words: Iterable[str]) -> int:
        """The bits of those words that the prompt uses."""
        asked = frozenset(words)
        return sum(1 << place for place, word in enumerate(self.words) if word in asked)

    def fit(self, op: Operator) -> Operator:
        """The operator with the prompt's bits, and cheaper when the prompt suggests it."""
        mask = self.mask_of(op.words)
        return op.with_cost(max(1, min(op.cost - 1, 2)) if mask else op.cost, mask)

    def knowing(self, masks: Iterable[int], *, ignoring: int) -> Lexicon:
        """The lexicon that knows which words can be covered at all; those ignored need not be."""
        known = 0
        for mask in masks:
            known |= mask
        return Lexicon(self.words, known & ~ignoring)

    def uncovered(self, mask: int) -> int:
        """How many of the known words a covered mask leaves out."""
        return (self.known & ~mask).bit_count()
