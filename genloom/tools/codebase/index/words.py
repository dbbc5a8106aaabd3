"""Words: how names and prose become the terms that are searched.

A name is split at camel and snake case and at digits, each part is stemmed (Snowball's English), and a name of several
parts also counts whole. `parsePairs` gives `pars`, `pair` and `parsepairs`.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import TypeVar

__all__ = ["NAME", "Stemmer", "name_parts", "names_in"]

NAME = re.compile(r"[^\W\d]\w*")
_DIGITS = b"0123456789"
_BLANKS = bytes(code if code < 128 and (chr(code).isalnum() or code == ord("_")) else ord(" ") for code in range(256))
"""Turns what is no part of an ASCII name into a blank."""
_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
LONGEST_NAME = 80
MOST_NAMES = 100_000
"""So many names' terms are held at once."""
NameT = TypeVar("NameT", bound=str | bytes)
STOP_WORDS = frozenset(
    {word.lower() for word in keyword.kwlist}
    | set(
        "self cls a an the of to on at by be is are was were it its this that these those there their they we you i he "
        "she has have had do does did will would can could should may might must than then so such which what when where "
        "who how into onto up out over under again also only just very more most some any all each both few other own same "
        "too".split()
    )
)


def names_in(text: str) -> Counter[str]:
    """Count the identifiers and words of a text; those over 80 characters are data, not names, and left out."""
    counted = Counter(NAME.findall(text))
    for name in [name for name in counted if len(name) > LONGEST_NAME]:
        del counted[name]
    return counted


def name_parts(name: str) -> tuple[str, ...]:
    """Split a name at camel case, underscores and digits, in lower case: `HTTPServer2` -> `http`, `server`, `2`."""
    letters = name.replace("_", "")
    if letters.isalpha() and letters.islower():  # most names are, and need no expression
        return tuple(filter(None, name.split("_")))
    return tuple(part.lower() for part in _BORDER.split(name) if part)


class Stemmer:
    """Terms of names. The terms of a name once seen are one look-up; the memory for them is bounded."""

    def __init__(self) -> None:
        from Stemmer import Stemmer as Snowball  # an extension module: loaded where words are stemmed

        self._snowball = Snowball("english").stemWord
        self._stems: dict[str, str] = {}
        self._terms = _Terms(self._split)
        self._ascii_terms = _Terms[bytes](self._split_bytes)

    def terms(self, name: str) -> tuple[str, ...]:
        """Return the terms of one name, stop words and single characters left out; none for one of over 80 characters."""
        return self._terms[name]

    def count(self, text: bytes) -> dict[str, int]:
        """Return how often each term occurs in a text in UTF-8."""
        if text.isascii():  # most code is, and bytes are split several times as fast
            return Counter(chain.from_iterable(map(self._ascii_terms.__getitem__, text.translate(_BLANKS).split())))
        names = NAME.findall(text.decode("utf-8", "replace"))
        return Counter(chain.from_iterable(map(self._terms.__getitem__, names)))

    def written_part(self, name: str, term: str) -> str:
        """Return the part of a name that gave one of its terms, as it is written there; the name for the whole of it."""
        parts = (part for part in _BORDER.split(name) if part and self.stem(part.lower()) == term)
        return next(parts, name)

    def stem(self, word: str) -> str:
        """Return the stem of a word in lower case; short and non-English words stay as they are."""
        if len(word) < 4 or not (word.isascii() and word.isalpha()):
            return word
        stem = self._stems.get(word)
        if stem is None:
            if len(self._stems) >= MOST_NAMES:
                self._stems.clear()
            stem = self._stems[word] = self._snowball(word)
        return stem

    def _split(self, name: str) -> tuple[str, ...]:
        parts = name_parts(name)
        stems = [self.stem(part) for part in parts if len(part) > 1 and part not in STOP_WORDS]
        return (*stems, name.strip("_").lower()) if len(parts) > 1 else tuple(stems)

    def _split_bytes(self, name: bytes) -> tuple[str, ...]:
        return self._split(name.lstrip(_DIGITS).decode())  # `0xff` has the name `xff`


class _Terms(dict[NameT, tuple[str, ...]]):
    """The terms of each name, worked out where they are asked for first."""

    def __init__(self, make: Callable[[NameT], tuple[str, ...]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: NameT) -> tuple[str, ...]:
        if len(name) > LONGEST_NAME:
            return ()
        if len(self) >= MOST_NAMES:
            self.clear()
        found = self[name] = self._make(name)
        return found
