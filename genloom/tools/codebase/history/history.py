"""History: past commits in the index, and which files they speak of for a query.

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
from pathlib import Path

from genloom.errors import RepositoryError
from genloom.tools.codebase.history.commits import MAX_COMMITS, Commit, read_commits
from genloom.tools.codebase.history.head import checked_out
from genloom.tools.codebase.index.index_file import writing
from genloom.tools.codebase.index.words import Stemmer, names_in
from genloom.tools.codebase.outlines.languages import source_suffixes
from genloom.tools.security import redact

__all__ = ["Touched", "refresh_history", "touched_files"]

VOTING = 50
B = 0.75


@dataclass(frozen=True)
class Touched:
    """What the history says of a file: its score from 0 to 1, and the likest commit with the terms that it shares."""

    score: float
    sha: str
    terms: tuple[str, ...]


def refresh_history(connection: sqlite3.Connection, root: Path) -> bool:
    """Make the index know the commits that led to the one checked out; return whether anything was new.

    Costs two small reads while that commit stays. A history that git refuses to tell counts as none.
    """
    head = checked_out(root)
    row = connection.execute("SELECT head FROM history").fetchone()
    known: str | None = row[0] if row else None
    if head == known:
        return False
    commits: list[Commit] | None = []
    if head is not None:
        try:
            commits = read_commits(root, head, since=known)
            if commits is None:
                known, commits = None, read_commits(root, head)
        except RepositoryError:
            known, commits = None, []
    with writing(connection):
        if known is None or head is None:
            for table in ("commits", "commit_terms", "commit_files"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 # names of our own
        _add(connection, commits or [])
        connection.execute("DELETE FROM history")
        connection.executemany("INSERT INTO history VALUES (?)", [(head,)] if head else [])
    return True


def _add(connection: sqlite3.Connection, commits: list[Commit]) -> None:
    """Add commits, newest first, and drop the oldest beyond the bound."""
    stemmer = Stemmer(dict(connection.execute("SELECT word, stem FROM stems")))
    first = connection.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM commits").fetchone()[0]
    suffixes = source_suffixes()
    for number, commit in enumerate(reversed(commits), first):
        paths = {path for path in commit.paths if path.endswith(suffixes)}
        terms = {term for name in names_in(redact(commit.subject)) for term in stemmer.terms(name)}
        if paths and terms:
            connection.execute("INSERT INTO commits VALUES (?, ?, ?)", (number, commit.sha, len(terms)))
            rows = [(term, number, len(terms)) for term in sorted(terms)]
            connection.executemany("INSERT INTO commit_terms VALUES (?, ?, ?)", rows)
            connection.executemany("INSERT INTO commit_files VALUES (?, ?)", [(number, path) for path in sorted(paths)])
    connection.executemany("INSERT OR IGNORE INTO stems VALUES (?, ?)", sorted(stemmer.new.items()))
    oldest = connection.execute(
        "SELECT id FROM commits ORDER BY id DESC LIMIT 1 OFFSET ?", (MAX_COMMITS - 1,)
    ).fetchone()
    if oldest:
        connection.execute("DELETE FROM commits WHERE id < ?", oldest)
        for table in ("commit_terms", "commit_files"):
            connection.execute(f"DELETE FROM {table} WHERE commit_id < ?", oldest)  # noqa: S608 # names of our own


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
