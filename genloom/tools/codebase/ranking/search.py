"""Search: from a query to ranked files and symbols with their reasons."""

from __future__ import annotations

import heapq
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from genloom.tools.codebase.history.touched import touched_files
from genloom.tools.codebase.index.postings import Occurrence, read_occurrences, read_spread
from genloom.tools.codebase.index.words import STOP_WORDS, Stemmer
from genloom.tools.codebase.ranking.further_retrievers import Retrieved
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.ranking import (
    K1,
    Hints,
    RankedFile,
    RankedSymbol,
    Ranking,
    Scores,
    Symbol,
    named_path,
    rarity,
    score,
)
from genloom.tools.codebase.ranking.reasons import Explanation
from genloom.tools.codebase.ranking.roles import role_weight, tested_stem
from genloom.tools.codebase.ranking.statistics import FILE_WEIGHTS, Statistics
from genloom.tools.codebase.ranking.weights import RankingWeights

__all__ = ["Scored", "rank_query", "score_query"]

MAX_TERMS = 200
MAX_NAMED = 500
SHORTEST_NAMED = 3
RELEVANCE_SYMBOLS = 5
CANDIDATES = 150
"""How many files are looked into, after a first look at how widely each spreads the terms; besides, all of the hints."""
EXPLAINED = 20
"""How many of the best files are told with who imports them."""
RARE = 40
"""A term in no more files than this has all of them looked into: it may be a name there."""


@dataclass(frozen=True)
class Scored:
    """The scores of a query, and what they were made from: the statistics, the occurrences, the words by term, the hints."""

    scores: Scores
    statistics: Statistics
    occurrences: Mapping[str, list[Occurrence]]
    words: Mapping[str, str]
    hints: Hints


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
    words = _terms(query)
    spread = {term: read_spread(connection, term) for term in words}
    hints = _hints(connection, query, statistics, words if weights.history else {}, retrieved)
    chosen = _candidates(statistics, spread, weights, about_tests=query.about_tests) | hints.files
    occurrences = {term: read_occurrences(connection, term, chosen & {r[0] for r in spread[term]}) for term in words}
    frequencies = {term: (len(rows), sum(row[2] for row in rows)) for term, rows in spread.items()}
    scores = score(statistics, occurrences, frequencies, hints, weights, about_tests=query.about_tests)
    return Scored(scores, statistics, occurrences, words, hints)


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
    scores, entries = scored.scores, scored.statistics.files
    symbols = scores.best_symbols(max(limit, RELEVANCE_SYMBOLS), entries)
    explanation = Explanation(scored.statistics, scored.occurrences, scores, scored.words, scored.hints)
    covered = {term for symbol in symbols[:RELEVANCE_SYMBOLS] for term in explanation.terms(symbol)}
    return Ranking(
        files=_files(connection, scored, explanation, limit),
        symbols=tuple(_symbols(connection, symbols[: max(limit, 0)], scored, explanation)),
        relevance=scores.coverage(covered),
    )


def _terms(query: Query) -> dict[str, str]:
    """Return the query's terms, each with the first word that gave it."""
    stemmer = Stemmer()
    found: dict[str, str] = {}
    for name in query.words:
        for term in stemmer.terms(name):
            found.setdefault(term, name)
    return dict(list(found.items())[:MAX_TERMS])


def _candidates(
    statistics: Statistics,
    spread: Mapping[str, list[tuple[int, int, int]]],
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
        return set(found)
    roles = statistics.roles
    for file_id in found:
        found[file_id] *= role_weight(roles[file_id], weights, about_tests=about_tests)
    best = heapq.nsmallest(CANDIDATES, found, key=lambda f: (-found[f], statistics.files[f].path))
    return {*best, *(row[0] for rows in spread.values() if len(rows) <= RARE for row in rows)}


def _hints(
    connection: sqlite3.Connection,
    query: Query,
    statistics: Statistics,
    terms: Iterable[str],
    retrieved: Iterable[Retrieved],
) -> Hints:
    """Return what the query points at besides its words."""
    ids = statistics.ids
    named_files = (
        {entry.id: entry.path for entry in statistics.files.values() if named_path(query, entry.path)}
        if (query.paths)
        else {}
    )
    touched = touched_files(connection, terms)
    return Hints(
        named=_named(connection, query),
        placed=dict(_placed(connection, query, statistics, named_files)),
        named_files=named_files.keys(),
        tested=_tested(query, statistics),
        touched={ids[path]: found for path, found in touched.items() if path in ids},
        retrieved=_retrieved(connection, ids, retrieved),
    )


def _named(connection: sqlite3.Connection, query: Query) -> dict[Symbol, str]:
    """Return the definitions whose name, as it is written, stands in the query."""
    asked = {*query.words, *query.identifiers}
    names = sorted(name for name in asked if len(name) >= SHORTEST_NAMED and name.lower() not in STOP_WORDS)[:MAX_NAMED]
    marks = ",".join("?" * len(names))
    kinds = "('class', 'function', 'method', 'interface', 'type')"
    rows = connection.execute(
        f"SELECT file_id, ordinal, name FROM symbols WHERE kind IN {kinds} AND name IN ({marks}) LIMIT 5000",  # noqa: S608 # marks only
        names,
    )
    return {(file_id, ordinal): name for file_id, ordinal, name in rows}


def _placed(
    connection: sqlite3.Connection, query: Query, statistics: Statistics, named_files: Mapping[int, str]
) -> Iterator[tuple[Symbol, int]]:
    """Yield the innermost definition around each place that the query points at, with the line."""
    for path, line in query.places:
        pointed = Query(text="", paths=(path,))
        for file_id, found in named_files.items():
            if named_path(pointed, found):
                row = connection.execute(
                    "SELECT ordinal FROM symbols WHERE file_id = ? AND start_line <= ? AND end_line >= ? AND ordinal > 0"
                    " AND kind <> 'variable' ORDER BY start_line DESC LIMIT 1",
                    (file_id, line, line),
                ).fetchone()
                if row:
                    yield (file_id, row[0]), line


def _tested(query: Query, statistics: Statistics) -> dict[int, str]:
    """Return the files that the query's tests are about, each with the test: `billing.py` for `test_billing.py`."""
    found: dict[int, str] = {}
    for path in query.paths:
        stem, _, suffix = tested_stem(path), path, path.rpartition(".")[2]
        for entry in statistics.by_name.get(f"{stem}.{suffix}", ()) if stem else ():
            if statistics.roles[entry.id] != "test":
                found.setdefault(entry.id, path)
    return found


def _retrieved(
    connection: sqlite3.Connection, ids: Mapping[str, int], retrieved: Iterable[Retrieved]
) -> dict[int | Symbol, tuple[Retrieved, ...]]:
    """Return what further retrievers found by files and symbols; of each retriever the first document for a place counts."""
    places: dict[int | Symbol, dict[str, Retrieved]] = defaultdict(dict)
    for found in retrieved:
        file_id = ids.get(found.path)
        if file_id is None:
            continue
        places[file_id].setdefault(found.by, found)
        query = "SELECT ordinal FROM symbols WHERE file_id = ? AND qualified = ? AND ordinal > 0 AND kind <> 'variable'"
        for (ordinal,) in connection.execute(query, (file_id, found.symbol)):
            places[file_id, ordinal].setdefault(found.by, found)
    return {place: tuple(found.values()) for place, found in places.items()}


def _files(
    connection: sqlite3.Connection, scored: Scored, explanation: Explanation, limit: int
) -> tuple[RankedFile, ...]:
    entries, scores = scored.statistics.files, scored.scores
    best = scores.best_files(max(limit, 0), entries)
    importing = scored.statistics.importing(connection)
    importers = {file_id: importing.importers(entries[file_id].path) for file_id in best[:EXPLAINED]}
    return tuple(
        RankedFile(
            path=entries[file_id].path,
            score=scores.files[file_id],
            reasons=explanation.file(file_id, importers.get(file_id, ())),
            sha256=entries[file_id].sha256,
            lines=entries[file_id].lines,
        )
        for file_id in best
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
            qualified=row[0],
            kind=row[1],
            start_line=row[2],
            end_line=row[3],
            head_line=row[4],
            signature=row[5],
            score=scored.scores.symbols[symbol],
            reasons=explanation.symbol(symbol),
            sha256=entry.sha256,
        )
