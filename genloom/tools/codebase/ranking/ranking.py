"""Ranking: which files and symbols a query is about, with the reasons.

The method is BM25F (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009) over two kinds of documents:
symbols, whose fields are the qualified name (weight 4), head with docstring, and own body; and files, whose fields are
the body, the symbols' names (2) and the path (6). A file's score is half its own BM25F, half that of its three best
symbols, plus its path's match; tests, examples and documentation are demoted. A symbol's score takes 0.6 of its file's.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from genloom.tools.codebase.index.postings import FIELDS, FileEntry, Postings
from genloom.tools.codebase.ranking.query import Query

__all__ = ["RankedFile", "RankedSymbol", "Ranking", "Scores", "Symbol", "file_role", "named_path", "score"]

K1 = 1.2
SYMBOL_WEIGHTS = (4.0, 1.0, 1.0)
SYMBOL_B = (0.3, 0.5, 0.75)
FILE_WEIGHTS = (1.0, 2.0, 6.0)  # body, symbol names, path
FILE_B = (0.75, 0.5, 0.3)
TOP_SYMBOLS = 3
TOP_DECAY = 0.5
PATH_WEIGHT = 0.15
VERBATIM_BONUS = 0.1
PLACE_BONUS = 0.5
FILE_SHARE = 0.6
ROLE_WEIGHTS = {"source": 1.0, "test": 0.1, "documentation": 0.3, "package": 0.8}
RELEVANCE_SYMBOLS = 5

_TEST = re.compile(r"(?:^|/)(?:tests?|testing)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest|tests?)\.pyi?$")
_DOCUMENTATION = re.compile(r"(?:^|/)(?:docs?|documentation|examples?|samples?|demos?|benchmarks?|tutorials?)/")

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


@dataclass(frozen=True)
class Scores:
    """Scores before they are shown: by file id, and by symbol; with the terms that each was found by."""

    files: dict[int, float]
    symbols: dict[Symbol, float]
    symbol_terms: dict[Symbol, set[str]] = field(default_factory=dict)
    path_terms: dict[int, set[str]] = field(default_factory=dict)
    idf: dict[str, float] = field(default_factory=dict)

    def symbol(self, symbol: Symbol) -> float:
        """The score of any symbol; one in which no term occurs has its file's share alone."""
        return self.symbols.get(symbol, FILE_SHARE * self.files.get(symbol[0], 0.0))

    def coverage(self, symbols: Iterable[Symbol]) -> float:
        """The share of the query's weight that these symbols and their files' paths cover, from 0 to 1."""
        covered: set[str] = set()
        for symbol in symbols:
            covered |= self.symbol_terms.get(symbol, set()) | self.path_terms.get(symbol[0], set())
        total = math.fsum(self.idf.values())  # fsum: a set has another order in every process
        return math.fsum(self.idf[term] for term in covered) / total if total else 0.0


def file_role(path: str) -> str:
    """Tell `test`, `documentation` (and examples, benchmarks), `package` (`__init__.py`) or `source` from a path."""
    if _TEST.search(path):
        return "test"
    if _DOCUMENTATION.search(path):
        return "documentation"
    return "package" if path.endswith("__init__.py") else "source"


def score(
    postings: Postings, terms: Iterable[str], query: Query, named: Mapping[Symbol, str], placed: Iterable[Symbol]
) -> Scores:
    """Score every file and symbol in which a term occurs.

    `named` are the symbols that the query names verbatim, `placed` those that its stack traces and places point at.
    """
    terms = tuple(terms)
    if not postings.files:
        return Scores({}, {})
    idf = {term: _idf(postings.symbol_count, postings.symbol_frequency(term)) for term in terms}
    symbols, symbol_terms = _symbol_scores(postings, idf)
    top = max(symbols.values(), default=0.0) or 1.0
    symbols = {symbol: value / top for symbol, value in symbols.items()}
    for symbol in named:
        symbols[symbol] = symbols.get(symbol, 0.0) + VERBATIM_BONUS
    for symbol in placed:
        symbols[symbol] = symbols.get(symbol, 0.0) + PLACE_BONUS
    path_terms = _path_terms(postings, terms)
    files = _file_scores(postings, terms, symbols, path_terms, query)
    symbols = {
        symbol: value * _role_weight(postings.files[symbol[0]], query) + FILE_SHARE * files.get(symbol[0], 0.0)
        for symbol, value in symbols.items()
    }
    return Scores(files, symbols, symbol_terms, path_terms, idf)


def named_path(query: Query, path: str) -> bool:
    """Whether the query names this file: by its path, or the end of it from a `/` on."""
    return any(path == named or path.endswith(f"/{named}") or named.endswith(f"/{path}") for named in query.paths)


def _idf(documents: int, frequency: int) -> float:
    return math.log(1.0 + (documents - frequency + 0.5) / (frequency + 0.5))


def _role_weight(entry: FileEntry, query: Query) -> float:
    return 1.0 if named_path(query, entry.path) else ROLE_WEIGHTS[file_role(entry.path)]


def _saturated(frequency: float) -> float:
    return frequency / (K1 + frequency)


def _symbol_scores(postings: Postings, idf: Mapping[str, float]) -> tuple[dict[Symbol, float], dict[Symbol, set[str]]]:
    averages = _averages(postings)
    scores: dict[Symbol, float] = defaultdict(float)
    found: dict[Symbol, set[str]] = defaultdict(set)
    for term, weight in idf.items():
        for occurrence in postings.by_term.get(term, ()):
            lengths = postings.files[occurrence.file_id].lengths
            for ordinal, *counts in occurrence.symbols():
                frequency = 0.0
                for index, count in enumerate(counts):
                    if count:
                        norm = (
                            1 - SYMBOL_B[index] + SYMBOL_B[index] * lengths[ordinal * FIELDS + index] / averages[index]
                        )
                        frequency += SYMBOL_WEIGHTS[index] * count / norm
                scores[occurrence.file_id, ordinal] += weight * _saturated(frequency)
                found[occurrence.file_id, ordinal].add(term)
    return scores, found


def _averages(postings: Postings) -> list[float]:
    count = max(postings.symbol_count, 1)
    totals = [sum(sum(entry.lengths[index::FIELDS]) for entry in postings.files.values()) for index in range(FIELDS)]
    return [max(total / count, 1.0) for total in totals]


def _path_terms(postings: Postings, terms: Iterable[str]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for term in terms:
        for occurrence in postings.by_term.get(term, ()):
            if occurrence.in_path:
                found[occurrence.file_id].add(term)
    return found


def _file_scores(
    postings: Postings,
    terms: Iterable[str],
    symbols: Mapping[Symbol, float],
    path_terms: Mapping[int, set[str]],
    query: Query,
) -> dict[int, float]:
    idf = {term: _idf(len(postings.files), postings.file_frequency(term)) for term in terms}
    texts = _scaled(_file_bm25f(postings, idf))
    best: dict[int, list[float]] = defaultdict(list)
    for (file_id, _), value in symbols.items():
        best[file_id].append(value)
    tops = _scaled(
        {f: sum(v * TOP_DECAY**i for i, v in enumerate(sorted(vs)[: -TOP_SYMBOLS - 1 : -1])) for f, vs in best.items()}
    )
    scores: dict[int, float] = {}
    for file_id, entry in postings.files.items():
        matched = 1.0 if named_path(query, entry.path) else _path_match(entry, path_terms.get(file_id, set()))
        value = 0.5 * texts.get(file_id, 0.0) + 0.5 * tops.get(file_id, 0.0) + PATH_WEIGHT * matched
        if named_path(query, entry.path):
            value += PLACE_BONUS
        if value > 0.0:
            scores[file_id] = value * _role_weight(entry, query)
    return scores


def _path_match(entry: FileEntry, found: set[str]) -> float:
    """The share of the path's terms that the query has."""
    return min(len(found) / entry.path_length, 1.0) if entry.path_length else 0.0


def _scaled(values: Mapping[int, float]) -> dict[int, float]:
    top = max(values.values(), default=0.0) or 1.0
    return {key: value / top for key, value in values.items()}


def _file_bm25f(postings: Postings, idf: Mapping[str, float]) -> dict[int, float]:
    sizes = {
        entry.id: (float(sum(entry.lengths)), float(sum(entry.lengths[0::FIELDS])), float(entry.path_length))
        for entry in postings.files.values()
    }
    averages = [max(sum(size[index] for size in sizes.values()) / len(sizes), 1.0) for index in range(3)]
    scores: dict[int, float] = defaultdict(float)
    for term, weight in idf.items():
        for occurrence in postings.by_term.get(term, ()):
            places, size = occurrence.places, sizes[occurrence.file_id]
            names = sum(places[1::4])
            frequency = 0.0
            for index, count in enumerate((names + sum(places[2::4]) + sum(places[3::4]), names, occurrence.in_path)):
                if count:
                    norm = 1 - FILE_B[index] + FILE_B[index] * size[index] / averages[index]
                    frequency += FILE_WEIGHTS[index] * count / norm
            scores[occurrence.file_id] += weight * _saturated(frequency)
    return scores
