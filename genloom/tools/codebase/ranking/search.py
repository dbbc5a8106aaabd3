"""Search: from a query to ranked files and symbols with their reasons."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from genloom.tools.codebase.index.postings import Postings, read_postings
from genloom.tools.codebase.index.words import STOP_WORDS, Stemmer
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.ranking import (
    RELEVANCE_SYMBOLS,
    RankedFile,
    RankedSymbol,
    Ranking,
    Scores,
    Symbol,
    named_path,
    score,
)
from genloom.tools.codebase.ranking.reasons import Explanation, importers
from genloom.tools.codebase.relations.modules import ModuleMap

__all__ = ["Scored", "rank_query", "score_query"]

MAX_TERMS = 200
MAX_NAMED = 500
SHORTEST_NAMED = 3


@dataclass(frozen=True)
class Scored:
    """The scores of a query, and what they were made from: the words by term, the symbols that the query names, and those
    that it points at, with the line."""

    scores: Scores
    postings: Postings
    words: Mapping[str, str]
    named: Mapping[Symbol, str]
    placed: Mapping[Symbol, int]


def score_query(connection: sqlite3.Connection, query: Query) -> Scored:
    """Score every file and symbol in which a word of the query occurs."""
    words = _terms(connection, query)
    postings = read_postings(connection, words)
    named = _named(connection, query)
    placed = dict(_placed(connection, query, postings))
    return Scored(score(postings, words, query, named, placed), postings, words, named, placed)


def rank_query(connection: sqlite3.Connection, query: Query, limit: int) -> Ranking:
    """Rank the `limit` best files and symbols for a query. Equal scores stand in the order of their paths."""
    scored = score_query(connection, query)
    scores, postings = scored.scores, scored.postings
    explanation = Explanation(postings, scores, query, scored.words, scored.named)
    symbols = sorted(
        scores.symbols, key=lambda symbol: (-scores.symbols[symbol], postings.files[symbol[0]].path, symbol[1])
    )
    return Ranking(
        files=_files(connection, postings, scores, explanation, limit),
        symbols=tuple(_symbols(connection, symbols, postings, scores, explanation, scored.placed, limit)),
        relevance=scores.coverage(symbols[:RELEVANCE_SYMBOLS]),
    )


def _terms(connection: sqlite3.Connection, query: Query) -> dict[str, str]:
    """Return the query's terms, each with the first word that gave it."""
    names = query.words
    stemmer = Stemmer()
    asked = sorted(stemmer.words_of(names))
    for start in range(0, len(asked), 500):
        part = asked[start : start + 500]
        marks = ",".join("?" * len(part))
        stemmer.known.update(connection.execute(f"SELECT word, stem FROM stems WHERE word IN ({marks})", part))  # noqa: S608 # marks only
    found: dict[str, str] = {}
    for name in names:
        for term in stemmer.terms(name):
            found.setdefault(term, name)
    return dict(list(found.items())[:MAX_TERMS])


def _named(connection: sqlite3.Connection, query: Query) -> dict[Symbol, str]:
    """Return the definitions whose name, as it is written, stands in the query."""
    asked = {*query.words, *query.identifiers}
    names = sorted(name for name in asked if len(name) >= SHORTEST_NAMED and name.lower() not in STOP_WORDS)[:MAX_NAMED]
    marks = ",".join("?" * len(names))
    kinds = "('class', 'function', 'method')"
    rows = connection.execute(
        f"SELECT file_id, ordinal, name FROM symbols WHERE kind IN {kinds} AND name IN ({marks}) LIMIT 5000",  # noqa: S608 # marks only
        names,
    )
    return {(file_id, ordinal): name for file_id, ordinal, name in rows}


def _placed(connection: sqlite3.Connection, query: Query, postings: Postings) -> Iterator[tuple[Symbol, int]]:
    """Yield the innermost definition around each place that the query points at, with the line."""
    for path, line in query.places:
        pointed = Query(text="", paths=(path,))
        for entry in postings.files.values():
            if named_path(pointed, entry.path):
                row = connection.execute(
                    "SELECT ordinal FROM symbols WHERE file_id = ? AND start_line <= ? AND end_line >= ? AND ordinal > 0"
                    " AND kind <> 'variable' ORDER BY start_line DESC LIMIT 1",
                    (entry.id, line, line),
                ).fetchone()
                if row:
                    yield (entry.id, row[0]), line


def _files(
    connection: sqlite3.Connection, postings: Postings, scores: Scores, explanation: Explanation, limit: int
) -> tuple[RankedFile, ...]:
    entries = postings.files
    best = sorted(scores.files, key=lambda file_id: (-scores.files[file_id], entries[file_id].path))[:limit]
    modules = ModuleMap(entry.path for entry in entries.values())
    importing = importers(connection, modules, (entries[file_id].path for file_id in best))
    return tuple(
        RankedFile(
            path=entries[file_id].path,
            score=scores.files[file_id],
            reasons=explanation.file(file_id, importing.get(entries[file_id].path, ())),
            sha256=entries[file_id].sha256,
            lines=entries[file_id].lines,
        )
        for file_id in best
    )


def _symbols(
    connection: sqlite3.Connection,
    ordered: Iterable[Symbol],
    postings: Postings,
    scores: Scores,
    explanation: Explanation,
    placed: Mapping[Symbol, int],
    limit: int,
) -> Iterator[RankedSymbol]:
    """Yield the best definitions; the module itself is a file's matter."""
    chosen = [symbol for symbol in ordered if symbol[1] > 0][:limit]
    for symbol in chosen:
        entry = postings.files[symbol[0]]
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
            score=scores.symbols[symbol],
            reasons=explanation.symbol(symbol, placed.get(symbol)),
            sha256=entry.sha256,
        )
