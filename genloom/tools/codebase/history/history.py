"""History: the past commits that the index keeps, and keeping them up to date with the one checked out."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from genloom.errors import RepositoryError
from genloom.tools.codebase.history.commits import MAX_COMMITS, Commit, read_commits
from genloom.tools.codebase.history.head import checked_out
from genloom.tools.codebase.index.index_file import writing
from genloom.tools.codebase.index.words import Stemmer, names_in
from genloom.tools.codebase.outlines.languages import source_suffixes
from genloom.tools.security import redact

__all__ = ["History", "refresh_history"]

RETRY_NS = 300_000_000_000
"""Where git refused, it is asked again after five minutes, or after the next commit."""
NO_COMMIT = "The folder is no git repository of its own, or no commit is checked out."


class History(NamedTuple):
    """How many past commits the index knows, why it knows none where that is so, and whether there was time to look."""

    commits: int = 0
    trouble: str = ""
    on_time: bool = True


class _State(NamedTuple):
    """What the index says of itself: the commit that it was brought up to, or when git could not tell it, and why."""

    head: str | None = None
    trouble: str = ""
    asked_ns: int = 0

    def fits(self, head: str | None) -> bool:
        """Whether nothing is to be asked of git."""
        return self.head == head and (not self.trouble or abs(time.time_ns() - self.asked_ns) < RETRY_NS)


def refresh_history(connection: sqlite3.Connection, root: Path, deadline: float | None = None) -> History:
    """Make the index know the commits that led to the one checked out.

    Costs two small reads while that commit stays. Where git does not tell the history, the index has none until it does.
    Past the `deadline` (of `time.monotonic`) git is not asked, nor another process that writes waited for.
    """
    head, known = checked_out(root), _state(connection)
    if not known.fits(head):
        if deadline is not None and time.monotonic() > deadline:
            return _known(connection)._replace(on_time=False)
        commits, all_anew, trouble = _read(root, head, known)
        with writing(connection, deadline) as held:
            if held and _state(connection) == known:  # else another process was first
                if all_anew:
                    for table in ("commits", "commit_terms", "commit_files"):
                        connection.execute(f"DELETE FROM {table}")  # noqa: S608 # names of our own
                _add(connection, commits)
                connection.execute("DELETE FROM history")
                state = _State(head, trouble, time.time_ns())
                connection.executemany("INSERT INTO history VALUES (?, ?, ?)", [state] if head else [])
        return _known(connection)._replace(on_time=held)
    return _known(connection)


def _known(connection: sqlite3.Connection) -> History:
    """Return what the index knows, without a look at the repository."""
    (count,) = connection.execute("SELECT COUNT(*) FROM commits").fetchone()
    state = _state(connection)
    return History(count, NO_COMMIT if state.head is None else state.trouble)


def _state(connection: sqlite3.Connection) -> _State:
    row = connection.execute("SELECT head, trouble, asked_ns FROM history").fetchone()
    return _State(*row) if row else _State()


def _read(root: Path, head: str | None, known: _State) -> tuple[list[Commit], bool, str]:
    """Return the commits to add, whether those known are to be forgotten, and why git did not tell any."""
    if head is None:
        return [], True, ""
    since = None if known.trouble else known.head
    try:
        commits = read_commits(root, head, since=since)
        if commits is not None:
            return commits, since is None, ""
        return read_commits(root, head) or [], True, ""
    except RepositoryError as error:
        return [], True, error.message


def _add(connection: sqlite3.Connection, commits: list[Commit]) -> None:
    """Add commits, newest first, and drop the oldest beyond the bound."""
    stemmer = Stemmer()
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
    oldest = connection.execute(
        "SELECT id FROM commits ORDER BY id DESC LIMIT 1 OFFSET ?", (MAX_COMMITS - 1,)
    ).fetchone()
    if oldest:
        connection.execute("DELETE FROM commits WHERE id < ?", oldest)
        for table in ("commit_terms", "commit_files"):
            connection.execute(f"DELETE FROM {table} WHERE commit_id < ?", oldest)  # noqa: S608 # names of our own
