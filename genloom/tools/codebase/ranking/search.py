"""Search: from a query to ranked files and symbols with their reasons."""

from __future__ import annotations

import heapq
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from genloom.tools.codebase.index.postings import Occurrence, read_occurrences, read_spread
from genloom.tools.codebase.index.words import Stemmer
from genloom.tools.codebase.ranking.further_retrievers import Retrieved
from genloom.tools.codebase.ranking.hints import Hints, Symbol, find_hints
from genloom.tools.codebase.ranking.module_text import matching_variables, own_lines
from genloom.tools.codebase.ranking.query import Query, both_ends
from genloom.tools.codebase.ranking.ranking import RankedFile, RankedSymbol, Ranking
from genloom.tools.codebase.ranking.reasons import Explanation
from genloom.tools.codebase.ranking.roles import role_weight
from genloom.tools.codebase.ranking.scoring import K1, Scores, rarity, score
from genloom.tools.codebase.ranking.statistics import FILE_WEIGHTS, Statistics
from genloom.tools.codebase.ranking.weights import RankingWeights

__all__ = ["Scored", "rank_query", "score_query"]

MAX_TERMS = 200
LOOKED_FOR = 50
"""Of more terms only the rarest are looked for inside of files: what stands everywhere tells nothing."""
BEST = 5
"""So many of the best files and symbols make the relevance."""
MODULES = 10
"""In so many of the best modules it is looked which of their variables the query may mean."""
CANDIDATES = 150
"""How many files are looked into, after a first look at how widely each spreads the terms; besides, those that the query
points at."""
FURTHER = 100
"""How many more are looked into for a rare term, or a name that few definitions have."""
EXPLAINED = 10
"""How many of the best files are told with who imports them."""
RARE = 40
"""A term in no more files than this has all of them looked into: it may be a name there."""


@dataclass(frozen=True)
class Scored:
    """The scores of a query, and what they were made from: the statistics, the occurrences, the words by term, the hints;
    and what of a long query is left out."""

    scores: Scores
    statistics: Statistics
    occurrences: Mapping[str, list[Occurrence]]
    words: Mapping[str, str]
    hints: Hints
    left_out: tuple[str, ...] = ()


def score_query(
    connection: sqlite3.Connection,
    query: Query,
    statistics: Statistics | None = None,
    weights: RankingWeights | None = None,
    retrieved: Iterable[Retrieved] = (),
) -> Scored:
    """Score the files and symbols that a query may mean. `statistics` are those of the index as it is now."""
    statistics = statistics or Statistics(connection)
    weights = weights or RankingWeights()
    words, left_out = _terms(query)
    spread = {term: read_spread(connection, term) for term in words}
    common = sorted((term for term in spread if spread[term]), key=lambda term: (len(spread[term]), term))[LOOKED_FOR:]
    if common:
        left_out = (*left_out, f"{len(common)} common words")
        spread = {term: rows for term, rows in spread.items() if term not in set(common)}
        words = {term: words[term] for term in spread}
    hints = find_hints(connection, query, statistics, words if weights.history else {}, retrieved)
    chosen = _candidates(statistics, spread, hints, weights, about_tests=query.about_tests)
    occurrences = {term: read_occurrences(connection, term, chosen & {r[0] for r in spread[term]}) for term in words}
    frequencies = {term: (len(rows), sum(row[2] for row in rows)) for term, rows in spread.items()}
    scores = score(statistics, occurrences, frequencies, hints, weights, about_tests=query.about_tests)
    return Scored(scores, statistics, occurrences, words, hints, (*query.left_out, *left_out))


def rank_query(
    connection: sqlite3.Connection,
    query: Query,
    limit: int,
    statistics: Statistics | None = None,
    weights: RankingWeights | None = None,
    retrieved: Iterable[Retrieved] = (),
) -> Ranking:
    """Rank the `limit` best files and symbols for a query. Equal scores stand in the order of their paths."""
    scored = score_query(connection, query, statistics, weights, retrieved)
    entries = scored.statistics.files
    explanation = Explanation(scored.statistics, scored.occurrences, scored.scores, scored.words, scored.hints)
    scored = _with_variables(connection, scored, explanation)
    symbols = scored.scores.best_symbols(max(limit, BEST), entries)
    files = scored.scores.best_files(max(limit, BEST), entries)
    return Ranking(
        files=_files(connection, files[: max(limit, 0)], scored, explanation),
        symbols=tuple(_symbols(connection, symbols[: max(limit, 0)], scored, explanation)),
        relevance=_relevance(scored, explanation, symbols[:BEST], files[:BEST]),
        left_out=scored.left_out,
    )


def _with_variables(connection: sqlite3.Connection, scored: Scored, explanation: Explanation) -> Scored:
    """Add the variables of the best modules to the symbols: each has the part of its module's own score that the terms in
    its name have of the module's."""
    scores = scored.scores
    modules = scores.best_symbols(MODULES, scored.statistics.files, modules=True)
    found: dict[Symbol, float] = {}
    for module in modules:
        weight = scores.weight(explanation.own_terms(module))
        for symbol, terms in matching_variables(connection, module[0], scores, scored.words).items():
            own = scores.own(module) * min(scores.weight(terms) / weight, 1.0) if weight else 0.0
            found[symbol] = scores.symbol(symbol) + own
            explanation.names[symbol] = terms
    return replace(scored, scores=replace(scores, symbols=scores.symbols | found))


def _relevance(scored: Scored, explanation: Explanation, symbols: Iterable[Symbol], files: Iterable[int]) -> float:
    """Return the share of the query that the best symbols, and the paths and commits of the best files, cover; or what a
    further retriever thinks of one of them, where that is more."""
    scores, hints = scored.scores, scored.hints
    covered = {term for symbol in symbols for term in explanation.terms(symbol)}
    found = 0.0
    for file_id in files:
        covered |= scores.path_terms.get(file_id, set())
        covered.update(hints.touched[file_id].terms if file_id in hints.touched else ())
        found = max(found, hints.added(file_id))
    return max(scores.coverage(covered), min(found, 1.0))


def _terms(query: Query) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the query's terms, each with the first word that gave it, or that is nothing else; and what is left out of so
    long a query."""
    stemmer = Stemmer()
    found: dict[str, str] = {}
    alone: dict[str, str] = {}
    for name in query.words:
        terms = stemmer.terms(name)
        for term in terms:
            found.setdefault(term, name)
        if len(terms) == 1:
            alone.setdefault(terms[0], name)
    found.update(alone)  # in the order of before
    left_out = (f"{len(found) - MAX_TERMS} of {len(found)} words",) if len(found) > MAX_TERMS else ()
    return dict(both_ends(list(found.items()), MAX_TERMS)), left_out


def _candidates(
    statistics: Statistics,
    spread: Mapping[str, list[tuple[int, int, int]]],
    hints: Hints,
    weights: RankingWeights,
    *,
    about_tests: bool,
) -> set[int]:
    """Return the files that are worth a look, by how many of their definitions have each term: that is known without reading
    where it stands."""
    found: dict[int, float] = defaultdict(float)
    breadths = statistics.breadths
    for rows in spread.values():
        weight = rarity(len(statistics.files), len(rows))
        for file_id, in_path, symbols in rows:
            frequency = symbols / breadths[file_id] + FILE_WEIGHTS[2] * in_path
            found[file_id] += weight * frequency / (K1 + frequency)
    if len(found) <= CANDIDATES:
        return {*found, *hints.files, *hints.rare}
    roles = statistics.roles
    for file_id in found:
        found[file_id] *= role_weight(roles[file_id], weights, about_tests=about_tests)

    def order(file_id: int) -> tuple[float, str]:
        return -found[file_id], statistics.files[file_id].path

    best = heapq.nsmallest(CANDIDATES, found, key=order)
    rare = {row[0] for rows in spread.values() if len(rows) <= RARE for row in rows} | set(hints.rare)
    return hints.files | {*best, *heapq.nsmallest(FURTHER, rare.difference(best), key=order)}


def _files(
    connection: sqlite3.Connection, chosen: Sequence[int], scored: Scored, explanation: Explanation
) -> tuple[RankedFile, ...]:
    entries, scores = scored.statistics.files, scored.scores
    importing = scored.statistics.importing(connection)
    importers = {file_id: importing.importers(entries[file_id].path) for file_id in chosen[:EXPLAINED]}
    return tuple(
        RankedFile(
            path=entries[file_id].path,
            score=scores.files[file_id],
            reasons=explanation.file(file_id, importers.get(file_id, ())),
            sha256=entries[file_id].sha256,
            lines=entries[file_id].lines,
        )
        for file_id in chosen
    )


def _symbols(
    connection: sqlite3.Connection, chosen: Iterable[Symbol], scored: Scored, explanation: Explanation
) -> Iterator[RankedSymbol]:
    """Yield the definitions with their places and reasons."""
    for symbol in chosen:
        entry = scored.statistics.files[symbol[0]]
        row = connection.execute(
            "SELECT qualified, kind, start_line, end_line, head_line, signature FROM symbols"
            " WHERE file_id = ? AND ordinal = ?",
            symbol,
        ).fetchone()
        yield RankedSymbol(
            path=entry.path,
            qualified=row[0] if symbol[1] else "",
            kind=row[1],
            start_line=row[2],
            end_line=row[3],
            head_line=row[4],
            signature=row[5],
            score=scored.scores.symbols[symbol],
            reasons=explanation.symbol(symbol),
            sha256=entry.sha256,
            parts=() if symbol[1] else own_lines(connection, symbol[0], entry.lines),
        )
