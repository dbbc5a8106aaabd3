"""Words: how names and prose become the terms that are searched.

A name is split at camel and snake case and at digits, each part is stemmed (Snowball's English), and a name of several
parts also counts whole. `parsePairs` gives `pars`, `pair` and `parsepairs`.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import TypeVar

__all__ = ["NAME", "Stemmer", "name_parts", "names_in"]

NAME = re.compile(r"[^\W\d]\w*")
_ASCII_NAME = re.compile(rb"[^\W\d]\w*")
_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_HAS_ENDING = re.compile(r"(?:s|ed|ing|y|e|al|ful|ll|li|ogi|iti|enci|anci|ic|er|or|ant|ent|ism|ion)\Z")
"""Only words with one of these endings have another stem: to know that is far faster than the stemmer."""
LONGEST_NAME = 80
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
    return tuple(part.lower() for part in _BORDER.split(name) if part)


class _Terms(dict[NameT, tuple[str, ...]]):
    """The terms of each name, worked out where they are asked for first: a known name is one look-up."""

    def __init__(self, make: Callable[[NameT], tuple[str, ...]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: NameT) -> tuple[str, ...]:
        if len(name) > LONGEST_NAME:
            return ()
        found = self[name] = self._make(name)
        return found


class Stemmer:
    """Terms of names. Stems once known are kept, and can be handed in, so that a warm run need not load the stemmer."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self.known = dict(known or {})
        self.new: dict[str, str] = {}
        self._terms = _Terms(self._split)
        self._ascii_terms = _Terms[bytes](lambda name: self._terms[name.decode()])
        self._stem: Callable[[str], str] | None = None

    def terms(self, name: str) -> tuple[str, ...]:
        """Return the terms of one name, stop words and single characters left out; none for one of over 80 characters."""
        return self._terms[name]

    def count(self, text: bytes) -> dict[str, int]:
        """Return how often each term occurs in a text in UTF-8."""
        if text.isascii():  # most code is, and bytes are searched more than twice as fast
            return Counter(chain.from_iterable(map(self._ascii_terms.__getitem__, _ASCII_NAME.findall(text))))
        names = NAME.findall(text.decode("utf-8", "replace"))
        return Counter(chain.from_iterable(map(self._terms.__getitem__, names)))

    def _split(self, name: str) -> tuple[str, ...]:
        parts = name_parts(name)
        stems = [self.stem(part) for part in parts if len(part) > 1 and part not in STOP_WORDS]
        whole = [name.strip("_").lower()] if len(parts) > 1 else []
        return (*stems, *whole)

    def stem(self, word: str) -> str:
        """Return the stem of a word in lower case; short and non-English words stay as they are."""
        if len(word) < 4 or not (word.isascii() and word.isalpha() and _HAS_ENDING.search(word)):
            return word
        stem = self.known.get(word)
        if stem is None:
            if self._stem is None:
                import snowballstemmer  # loads every language: only for a word that was never seen

                self._stem = snowballstemmer.stemmer("english").stemWord
            stem = self.known[word] = self.new[word] = self._stem(word)
        return stem

    def words_of(self, names: Iterable[str]) -> set[str]:
        """Return the words whose stems `terms` of these names will ask for."""
        return {part for name in names for part in name_parts(name) if len(part) > 3}
