"""The module's own text: what stands in a file outside of its classes and functions, and the constants in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from genloom.tools.codebase.index.words import Stemmer
from genloom.tools.codebase.ranking.hints import Symbol
from genloom.tools.codebase.ranking.scoring import Scores

__all__ = ["matching_variables", "own_lines"]

MAX_VARIABLES = 500
SHOWN_VARIABLES = 3


def own_lines(connection: sqlite3.Connection, file_id: int, lines: int) -> tuple[tuple[int, int], ...]:
    """Return the stretches of a file (first and last line) that belong to none of its classes and functions."""
    found: list[tuple[int, int]] = []
    start = 1
    rows = connection.execute(
        "SELECT start_line, end_line FROM symbols WHERE file_id = ? AND parent = 0 AND ordinal > 0"
        " AND kind <> 'variable' ORDER BY start_line, end_line",
        (file_id,),
    )
    for first, last in rows:
        if first > start:
            found.append((start, first - 1))
        start = max(start, last + 1)
    return (*found, (start, lines)) if start <= lines else tuple(found)


def matching_variables(
    connection: sqlite3.Connection, file_id: int, scores: Scores, terms: Mapping[str, object]
) -> dict[Symbol, set[str]]:
    """Return the few variables of a module whose names have the most of the query's terms, each with these terms."""
    rows = connection.execute(
        "SELECT ordinal, name FROM symbols WHERE file_id = ? AND kind = 'variable' ORDER BY ordinal LIMIT ?",
        (file_id, MAX_VARIABLES),
    ).fetchall()
    stemmer = Stemmer()
    found = {(file_id, ordinal): terms.keys() & set(stemmer.terms(name)) for ordinal, name in rows}
    ordered = sorted((s for s in found if found[s]), key=lambda s: (-scores.weight(found[s]), s))
    return {symbol: found[symbol] for symbol in ordered[:SHOWN_VARIABLES]}
