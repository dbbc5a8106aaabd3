"""Scoring: what files and definitions are worth for a query.

The method is BM25F (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009) over two kinds of documents:
symbols, whose fields are the qualified name (weight 4), head with docstring, and own body; and files, whose fields are
the text, the symbols' names (2) and the path (6). How the two and the other signals are put together is told at
`RankingWeights`.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from genloom.tools.codebase.index.file_entries import FIELDS, FileEntry
from genloom.tools.codebase.index.postings import Occurrence
from genloom.tools.codebase.ranking.hints import Hints, Symbol
from genloom.tools.codebase.ranking.roles import role_weight
from genloom.tools.codebase.ranking.statistics import Statistics
from genloom.tools.codebase.ranking.weights import RankingWeights

__all__ = ["K1", "Scores", "rarity", "score"]

K1 = 1.2
TOP_SYMBOLS = 3
TOP_DECAY = 0.5


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

    def best_symbols(self, count: int, paths: Mapping[int, FileEntry], *, modules: bool = False) -> list[Symbol]:
        """Return the best definitions and modules, or modules alone; equal scores stand in the order of path and place."""
        found = (symbol for symbol in self.symbols if not (modules and symbol[1]))
        return heapq.nsmallest(count, found, key=lambda s: (-self.symbols[s], paths[s[0]].path, s[1]))

    def own(self, symbol: Symbol) -> float:
        """The score of a symbol without its file's share."""
        return self.symbol(symbol) - self.file_share * self.files.get(symbol[0], 0.0)

    def weight(self, terms: Iterable[str]) -> float:
        """The sum of the rarities of some terms."""
        return math.fsum(self.idf[term] for term in set(terms))  # fsum: a set has another order in every process

    def coverage(self, terms: Iterable[str]) -> float:
        """The share of the query's weight that some of its terms have, from 0 to 1."""
        total = math.fsum(self.idf.values())
        return self.weight(terms) / total if total else 0.0


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
        share, hints = self._weights.file_share, self._hints
        roles = {file_id: self._role_weight(file_id) for file_id in {file_id for file_id, _ in symbols}}
        final = {s: value * roles[s[0]] + share * files.get(s[0], 0.0) for s, value in symbols.items()}
        for symbol in hints.retrieved:
            if isinstance(symbol, tuple):
                final[symbol] = final.get(symbol, share * files.get(symbol[0], 0.0)) + hints.added(symbol)
        return files, final

    def _scaled_symbols(self) -> dict[Symbol, float]:
        top = max((value for found in self._symbols.values() for value in found.values()), default=0.0) or 1.0
        scaled = {(f, ordinal): value / top for f, found in self._symbols.items() for ordinal, value in found.items()}
        looked_into = self._texts.keys() | self._hints.files
        for symbol in self._hints.named:
            if symbol[0] in looked_into:
                scaled[symbol] = scaled.get(symbol, 0.0) + self._weights.verbatim
        for symbol in self._hints.placed:
            scaled[symbol] = scaled.get(symbol, 0.0) + self._weights.place
        return scaled

    def _file(self, file_id: int, text: float, top: float) -> float:
        weights, hints = self._weights, self._hints
        value = weights.text * text + weights.symbols * top
        value += weights.place * hints.named_files.get(file_id, 0.0)
        if file_id in hints.tested:
            value += weights.tested
        if file_id in hints.touched:
            value += weights.history * hints.touched[file_id].score
        return value * self._role_weight(file_id) + hints.added(file_id)

    def _role_weight(self, file_id: int) -> float:
        role = role_weight(self._statistics.roles[file_id], self._weights, about_tests=self._about_tests)
        return max(role, self._hints.asked(file_id))  # a file that is asked for is no side matter


def _decayed(values: Iterable[float]) -> float:
    return sum(value * TOP_DECAY**index for index, value in enumerate(heapq.nlargest(TOP_SYMBOLS, values)))


def _scaled(values: Mapping[int, float]) -> dict[int, float]:
    top = max(values.values(), default=0.0) or 1.0
    return {key: value / top for key, value in values.items()}
