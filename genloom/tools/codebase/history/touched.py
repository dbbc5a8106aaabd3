"""Touched: which files past commits speak of for a query.

A commit is a document made of its message's first line. Those most like the query (BM25) vote for the files that they
touched, each with its likeness divided by the root of how many files it touched.
"""

from __future__ import annotations

import heapq
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Touched", "touched_files"]

VOTING = 50
B = 0.75


@dataclass(frozen=True)
class Touched:
    """What the history says of a file: its score from 0 to 1, and the likest commit with the terms that it shares."""

    score: float
    sha: str
    terms: tuple[str, ...]


def touched_files(connection: sqlite3.Connection, terms: Iterable[str]) -> dict[str, Touched]:
    """Return what past commits say of the files that they touched with these terms, by path."""
    count, average = connection.execute("SELECT COUNT(*), AVG(size) FROM commits").fetchone()
    if not count:
        return {}
    likeness: dict[int, float] = defaultdict(float)
    shared: dict[int, list[str]] = defaultdict(list)
    for term in terms:
        rows = connection.execute("SELECT commit_id, size FROM commit_terms WHERE term = ?", (term,)).fetchall()
        weight = math.log(1.0 + (count - len(rows) + 0.5) / (len(rows) + 0.5))
        for commit, size in rows:
            likeness[commit] += weight / (1 - B + B * size / average)
            shared[commit].append(term)
    return _votes(connection, likeness, shared)


def _votes(
    connection: sqlite3.Connection, likeness: Mapping[int, float], shared: Mapping[int, list[str]]
) -> dict[str, Touched]:
    totals: dict[str, float] = defaultdict(float)
    best: dict[str, tuple[float, int]] = {}
    for commit in heapq.nsmallest(VOTING, likeness, key=lambda number: (-likeness[number], -number)):
        paths = [path for (path,) in connection.execute("SELECT path FROM commit_files WHERE commit_id = ?", (commit,))]
        vote = likeness[commit] / math.sqrt(len(paths))
        for path in paths:
            totals[path] += vote
            best[path] = max(best.get(path, (0.0, 0)), (vote, commit))
    top = max(totals.values(), default=1.0)
    names = dict(
        connection.execute(
            f"SELECT id, sha FROM commits WHERE id IN ({','.join('?' * len(best))})",  # noqa: S608 # marks only
            [commit for _, commit in best.values()],
        )
    )
    return {
        path: Touched(total / top, names[best[path][1]], tuple(shared[best[path][1]])) for path, total in totals.items()
    }
