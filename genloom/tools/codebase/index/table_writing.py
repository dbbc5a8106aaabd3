"""Table writing: the rows of prepared files go into the index, inside the transaction of the caller."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from genloom.tools.codebase.files.tree import Found
from genloom.tools.codebase.index.preparing import Prepared, Row

__all__ = ["TableWriter", "remove_files", "without_secondary_indexes"]

FLUSH_POSTINGS = 150_000
_FILE = (
    "INSERT INTO files (path, mtime_ns, size, checked_ns, sha256, language, skipped, has_errors, lines, path_length,"
    " lengths, term_ids) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def remove_files(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Take everything of these files out of the index."""
    for file_id in ids:
        row = connection.execute("SELECT term_ids FROM files WHERE id = ?", (file_id,)).fetchone()
        terms = array("I")
        terms.frombytes(row[0])
        connection.executemany("DELETE FROM postings WHERE term_id = ? AND file_id = ?", ((t, file_id) for t in terms))
        for table in ("symbols", "imports", "mentions", "exports"):
            connection.execute(f"DELETE FROM {table} WHERE file_id = ?", (file_id,))  # noqa: S608 # names of our own
        connection.execute("DELETE FROM files WHERE id = ?", (file_id,))


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
    """Writes prepared files. Postings are gathered, to be written in the order of their table; `save` writes the rest."""

    def __init__(self, connection: sqlite3.Connection, known: Mapping[str, int]) -> None:
        self._connection = connection
        self._known = known
        self._terms: dict[str, int] = dict(connection.execute("SELECT term, id FROM terms"))
        self._saved_terms = len(self._terms)
        self._postings: list[tuple[int, int, int, bytes]] = []

    def write(self, file: Found, prepared: Prepared) -> bool:
        """Bring one file up to date; return whether its content was new. `known` gives the ids of files known before."""
        before = self._known.get(file.path)
        if prepared.same and before is not None:
            self._connection.execute(
                "UPDATE files SET mtime_ns = ?, size = ?, checked_ns = ? WHERE id = ?",
                (file.mtime_ns, file.size, prepared.checked_ns, before),
            )
            return False
        if before is not None:
            remove_files(self._connection, [before])
        self._add(file, prepared)
        if len(self._postings) > FLUSH_POSTINGS:
            self.save()
        return True

    def save(self) -> None:
        """Write the postings gathered so far and the new terms."""
        new = [(number, term) for term, number in self._terms.items() if number > self._saved_terms]
        self._connection.executemany("INSERT INTO terms (id, term) VALUES (?, ?)", new)
        self._saved_terms = len(self._terms)
        self._postings.sort()
        self._connection.executemany("INSERT INTO postings VALUES (?, ?, ?, ?)", self._postings)
        self._postings = []

    def save_stems(self, stems: Mapping[str, str]) -> None:
        """Keep the stems of words that were not known."""
        self._connection.executemany("INSERT OR IGNORE INTO stems VALUES (?, ?)", sorted(stems.items()))

    def _add(self, file: Found, prepared: Prepared) -> None:
        terms = self._terms
        ids = [terms.setdefault(term, len(terms) + 1) for term, _, _ in prepared.terms]
        file_id = self._insert_file(file, prepared, array("I", sorted(ids)).tobytes())
        counted = zip(ids, prepared.terms, strict=True)
        self._postings += [(number, file_id, in_path, places) for number, (_, in_path, places) in counted]
        self._insert("INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", file_id, prepared.symbols)
        self._insert("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?)", file_id, prepared.imports)
        self._insert("INSERT INTO mentions VALUES (?, ?, ?, ?, ?, ?)", file_id, prepared.mentions)
        self._insert("INSERT OR IGNORE INTO exports VALUES (?, ?)", file_id, prepared.exports)

    def _insert_file(self, file: Found, prepared: Prepared, ids: bytes) -> int:
        facts = (file.path, file.mtime_ns, file.size, prepared.checked_ns, prepared.sha256, prepared.language)
        rest = (prepared.skipped, prepared.has_errors, prepared.lines, prepared.path_length, prepared.lengths, ids)
        return self._connection.execute(_FILE, (*facts, *rest)).lastrowid or 0

    def _insert(self, statement: str, file_id: int, rows: Sequence[Row]) -> None:
        if rows:
            self._connection.executemany(statement, [(file_id, *row) for row in rows])
