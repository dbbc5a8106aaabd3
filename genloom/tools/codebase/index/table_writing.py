"""Table writing: the rows of prepared files go into the index, inside the transaction of the caller."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from genloom.tools.codebase.files.tree import Found
from genloom.tools.codebase.index.postings import PostingsWriter
from genloom.tools.codebase.index.preparing import Prepared, Row

__all__ = ["TableWriter", "without_secondary_indexes"]

_FILE = (
    "INSERT INTO files (path, mtime_ns, size, checked_ns, sha256, language, skipped, has_errors, lines, path_length,"
    " lengths) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OF_A_FILE = ("symbols", "imports", "mentions", "exports")


@contextmanager
def without_secondary_indexes(connection: sqlite3.Connection) -> Iterator[None]:
    """Drop the tables' secondary indexes for the length of a block and make them again: far faster where all is new."""
    made = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    ).fetchall()
    for name, _ in made:
        connection.execute(f'DROP INDEX "{name}"')
    yield
    for _, statement in made:
        connection.execute(statement)


class TableWriter:
    """Writes prepared files; `save` writes what is gathered meanwhile. `known` gives the ids of files known before."""

    def __init__(self, connection: sqlite3.Connection, known: Mapping[str, int]) -> None:
        self._connection = connection
        self._known = known
        self._postings = PostingsWriter(connection)
        self._dead: list[int] = []

    def write(self, file: Found, prepared: Prepared) -> bool:
        """Bring one file up to date; return whether its content is new to the index, and not left out."""
        before = self._known.get(file.path)
        if before is not None and (prepared.same or self._is_left_out_as(before, prepared)):
            self._connection.execute(
                "UPDATE files SET mtime_ns = ?, size = ?, checked_ns = ? WHERE id = ?",
                (file.mtime_ns, file.size, prepared.checked_ns, before),
            )
            return False
        if before is not None:
            self.remove([before])
        self._add(file, prepared)
        return not prepared.skipped

    def remove(self, ids: Iterable[int]) -> None:
        """Take everything of these files out of the index."""
        for file_id in ids:
            if not self._left_out(file_id)[0]:  # else it has no postings
                self._dead.append(file_id)
            for table in _OF_A_FILE:
                self._connection.execute(f"DELETE FROM {table} WHERE file_id = ?", (file_id,))  # noqa: S608 # names of our own
            self._connection.execute("DELETE FROM files WHERE id = ?", (file_id,))

    def save(self) -> None:
        """Write the postings of all that was written, and forget those of what was removed."""
        self._postings.save(self._dead)
        self._dead = []

    def _is_left_out_as(self, file_id: int, prepared: Prepared) -> bool:
        """Whether a file was left out before for the reason for which it is now."""
        return bool(prepared.skipped) and self._left_out(file_id) == (prepared.skipped, prepared.language)

    def _left_out(self, file_id: int) -> tuple[str, str]:
        """Return why a known file was left out, empty when it was not, and its language."""
        rows = self._connection.execute("SELECT skipped, language FROM files WHERE id = ?", (file_id,))
        reason, language = rows.fetchone()
        return reason, language

    def _add(self, file: Found, prepared: Prepared) -> None:
        facts = (file.path, file.mtime_ns, file.size, prepared.checked_ns, prepared.sha256, prepared.language)
        rest = (prepared.skipped, prepared.has_errors, prepared.lines, prepared.path_length, prepared.lengths)
        file_id = self._connection.execute(_FILE, (*facts, *rest)).lastrowid or 0
        if not prepared.skipped:
            self._postings.add(file_id, prepared.terms)
        self._insert("INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", file_id, prepared.symbols)
        self._insert("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?)", file_id, prepared.imports)
        self._insert("INSERT INTO mentions VALUES (?, ?, ?, ?, ?, ?, ?)", file_id, prepared.mentions)
        self._insert("INSERT OR IGNORE INTO exports VALUES (?, ?)", file_id, prepared.exports)

    def _insert(self, statement: str, file_id: int, rows: Sequence[Row]) -> None:
        if rows:
            self._connection.executemany(statement, ((file_id, *row) for row in rows))
