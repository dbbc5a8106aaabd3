"""Ranking: the scores of files and symbols for a query.

The method is BM25F (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009) over two kinds of documents:
symbols, whose fields are the qualified name (weight 4), head with docstring, and own body; and files, whose fields are
the text, the symbols' names (2) and the path (6). How the two and the other signals are put together is told at
`RankingWeights`.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from genloom.tools.codebase.history.touched import Touched
from genloom.tools.codebase.index.file_entries import FIELDS, FileEntry
from genloom.tools.codebase.index.postings import Occurrence
from genloom.tools.codebase.ranking.further_retrievers import Retrieved
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.roles import role_weight
from genloom.tools.codebase.ranking.statistics import Statistics
from genloom.tools.codebase.ranking.weights import RankingWeights

__all__ = ["K1", "Hints", "RankedFile", "RankedSymbol", "Ranking", "Scores", "Symbol", "named_path", "rarity", "score"]

K1 = 1.2
TOP_SYMBOLS = 3
TOP_DECAY = 0.5

Symbol = tuple[int, int]
"""A file's id and the ordinal of a definition in it."""


@dataclass(frozen=True, kw_only=True)
class RankedFile:
    """A file and why it stands where it does. Scores compare within one ranking only; the best file has about 1."""

    path: str
    score: float
    reasons: tuple[str, ...]
    sha256: str
    lines: int


@dataclass(frozen=True, kw_only=True)
class RankedSymbol:
    """A definition and why it stands where it does. Lines are 1-based and inclusive; its head ends at `head_line`."""

    path: str
    qualified: str
    kind: str
    start_line: int
    end_line: int
    head_line: int
    signature: str
    score: float
    reasons: tuple[str, ...]
    sha256: str

    @property
    def address(self) -> str:
        """`path::Class.method`."""
        return f"{self.path}::{self.qualified}"


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Files and symbols, best first.

    `relevance` is the share of the query that the five best symbols and their files' paths cover: each distinct term
    counts by its rarity (IDF), a term that the repository does not have counts as the rarest. 0 means that nothing of
    the query was found, 1 that all of it stands in those five.
    """

    files: tuple[RankedFile, ...] = ()
    symbols: tuple[RankedSymbol, ...] = ()
    relevance: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What a query points at besides its words.

    `named` are the definitions that it writes the name of, `placed` those that its stack traces and places point into (with
    the line), `named_files` the files that it names, `tested` those whose tests it names (with the test), `touched` what
    past commits with its words changed, and `retrieved` what further retrievers found: files, and symbols. Files are told
    by their ids.
    """

    named: Mapping[Symbol, str] = field(default_factory=dict)
    placed: Mapping[Symbol, int] = field(default_factory=dict)
    named_files: Collection[int] = ()
    tested: Mapping[int, str] = field(default_factory=dict)
    touched: Mapping[int, Touched] = field(default_factory=dict)
    retrieved: Mapping[int | Symbol, tuple[Retrieved, ...]] = field(default_factory=dict)

    @property
    def files(self) -> set[int]:
        """The ids of all files that they lead to."""
        retrieved = {place if isinstance(place, int) else place[0] for place in self.retrieved}
        symbols = {file_id for file_id, _ in (*self.named, *self.placed)}
        return {*symbols, *self.named_files, *self.tested, *self.touched, *retrieved}

    def added(self, place: int | Symbol) -> float:
        """Return what further retrievers add to a file or a symbol."""
        return sum(found.value for found in self.retrieved.get(place, ()))


@dataclass(frozen=True)
class Scores:
    """Scores before they are shown: by file id, and by symbol; with the terms in each path, and each term's rarity."""

    files: dict[int, float]
    symbols: dict[Symbol, float]
    path_terms: dict[int, set[str]] = field(default_factory=dict)
    idf: dict[str, float] = field(default_factory=dict)
    file_share: float = RankingWeights.file_share

    def symbol(self, symbol: Symbol) -> float:
        """The score of any symbol; one in which no term occurs has its file's share alone."""
        return self.symbols.get(symbol, self.file_share * self.files.get(symbol[0], 0.0))

    def best_files(self, count: int, paths: Mapping[int, FileEntry]) -> list[int]:
        """Return the best files; equal scores stand in the order of their paths."""
        return heapq.nsmallest(count, self.files, key=lambda file_id: (-self.files[file_id], paths[file_id].path))

    def best_symbols(self, count: int, paths: Mapping[int, FileEntry]) -> list[Symbol]:
        """Return the best definitions, modules left out; equal scores stand in the order of path and place."""
        found = (symbol for symbol in self.symbols if symbol[1])
        return heapq.nsmallest(count, found, key=lambda s: (-self.symbols[s], paths[s[0]].path, s[1]))

    def coverage(self, terms: Iterable[str]) -> float:
        """The share of the query's weight that some of its terms have, from 0 to 1."""
        total = math.fsum(self.idf.values())  # fsum: a set has another order in every process
        return math.fsum(self.idf[term] for term in set(terms)) / total if total else 0.0


def named_path(query: Query, path: str) -> bool:
    """Whether the query names this file: by its path, or the end of it from a `/` on."""
    return any(path == named or path.endswith(f"/{named}") or named.endswith(f"/{path}") for named in query.paths)


def rarity(documents: int, frequency: int) -> float:
    """Return the weight (IDF) of a term that stands in some of so many documents."""
    return math.log(1.0 + (documents - frequency + 0.5) / (frequency + 0.5))


def score(
    statistics: Statistics,
    occurrences: Mapping[str, Iterable[Occurrence]],
    frequencies: Mapping[str, tuple[int, int]],
    hints: Hints,
    weights: RankingWeights,
    *,
    about_tests: bool = False,
) -> Scores:
    """Score every file and symbol of the occurrences and the hints.

    `frequencies` say in how many files and in how many definitions of the whole repository each term stands.
    """
    scoring = _Scoring(statistics, hints, weights, about_tests=about_tests)
    for term, found in occurrences.items():
        scoring.add(term, found, *frequencies[term])
    idf = {term: rarity(statistics.symbol_count, symbols) for term, (_, symbols) in frequencies.items()}
    files, symbols = scoring.finish()
    return Scores(files, symbols, dict(scoring.path_terms), idf, weights.file_share)


class _Scoring:
    """Sums over the terms, one after the other."""

    def __init__(self, statistics: Statistics, hints: Hints, weights: RankingWeights, *, about_tests: bool) -> None:
        self.path_terms: dict[int, set[str]] = defaultdict(set)
        self._statistics = statistics
        self._hints = hints
        self._weights = weights
        self._about_tests = about_tests
        self._texts: dict[int, float] = defaultdict(float)
        self._symbols: dict[int, dict[int, float]] = defaultdict(dict)

    def add(self, term: str, occurrences: Iterable[Occurrence], files: int, symbols: int) -> None:
        """Add a term that stands in so many files and definitions."""
        statistics = self._statistics
        file_weight = rarity(len(statistics.files), files)
        symbol_weight = rarity(statistics.symbol_count, symbols)
        for occurrence in occurrences:
            file_id = occurrence.file_id
            names, texts = self._add_symbols(occurrence, symbol_weight)
            text_factor, name_factor, path_factor = statistics.file_factors(file_id)
            frequency = (names + texts) * text_factor + names * name_factor + occurrence.in_path * path_factor
            self._texts[file_id] += file_weight * frequency / (K1 + frequency)
            if occurrence.in_path:
                self.path_terms[file_id].add(term)

    def _add_symbols(self, occurrence: Occurrence, weight: float) -> tuple[int, int]:
        """Add the term to its file's definitions; return how often it stands in their names, and in their texts."""
        factors = self._statistics.symbol_factors(occurrence.file_id)
        scores = self._symbols[occurrence.file_id]
        names = texts = 0
        for ordinal, name, head, body in occurrence.symbols():
            at = ordinal * FIELDS
            frequency = body * factors[at + 2]
            if head:
                frequency += head * factors[at + 1]
            if name:
                frequency += name * factors[at]
                names += name
            texts += head + body
            scores[ordinal] = scores.get(ordinal, 0.0) + weight * frequency / (K1 + frequency)
        return names, texts

    def finish(self) -> tuple[dict[int, float], dict[Symbol, float]]:
        """Return the scores of the files, and of the symbols."""
        symbols = self._scaled_symbols()
        best: dict[int, list[float]] = defaultdict(list)
        for (file_id, _), value in symbols.items():
            best[file_id].append(value)
        tops = _scaled({file_id: _decayed(values) for file_id, values in best.items()})
        texts = _scaled(self._texts)
        files = {f: self._file(f, texts.get(f, 0.0), tops.get(f, 0.0)) for f in {*texts, *self._hints.files}}
        files = {file_id: value for file_id, value in files.items() if value > 0.0}
        share = self._weights.file_share
        return files, {s: v * self._role_weight(s[0]) + share * files.get(s[0], 0.0) for s, v in symbols.items()}

    def _scaled_symbols(self) -> dict[Symbol, float]:
        top = max((value for found in self._symbols.values() for value in found.values()), default=0.0) or 1.0
        scaled = {(f, ordinal): value / top for f, found in self._symbols.items() for ordinal, value in found.items()}
        for symbol in self._hints.named:
            scaled[symbol] = scaled.get(symbol, 0.0) + self._weights.verbatim
        for symbol in self._hints.placed:
            scaled[symbol] = scaled.get(symbol, 0.0) + self._weights.place
        for place in self._hints.retrieved:
            if not isinstance(place, int):
                scaled[place] = scaled.get(place, 0.0) + self._hints.added(place)
        return scaled

    def _file(self, file_id: int, text: float, top: float) -> float:
        weights, hints = self._weights, self._hints
        value = weights.text * text + weights.symbols * top
        if file_id in hints.named_files:
            value += weights.path + weights.place
        else:
            length = self._statistics.files[file_id].path_length
            value += weights.path * min(len(self.path_terms.get(file_id, ())) / length, 1.0) if length else 0.0
        if file_id in hints.tested:
            value += weights.tested
        if file_id in hints.touched:
            value += weights.history * hints.touched[file_id].score
        return value * self._role_weight(file_id) + hints.added(file_id)

    def _role_weight(self, file_id: int) -> float:
        if file_id in self._hints.named_files:
            return 1.0
        return role_weight(self._statistics.roles[file_id], self._weights, about_tests=self._about_tests)


def _decayed(values: Iterable[float]) -> float:
    return sum(value * TOP_DECAY**index for index, value in enumerate(heapq.nlargest(TOP_SYMBOLS, values)))


def _scaled(values: Mapping[int, float]) -> dict[int, float]:
    top = max(values.values(), default=0.0) or 1.0
    return {key: value / top for key, value in values.items()}
