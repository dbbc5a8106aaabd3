"""Postings: where each term occurs, read from the index file."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["FIELDS", "FileEntry", "Occurrence", "read_files", "read_occurrences", "read_spread"]

FIELDS = 3
"""Name, head and body, in this order."""

_PLACE_BYTES = 8
_TERM = "(SELECT id FROM terms WHERE term = ?)"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """An indexed file; `lengths` holds (name, head, body) of each definition one after the other."""

    id: int
    path: str
    sha256: str
    lines: int
    path_length: int
    lengths: array[int]

    @property
    def symbol_count(self) -> int:
        """How many definitions the file has, the module itself included."""
        return len(self.lengths) // FIELDS


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A term in one file: how often in its path, and as (ordinal, in name, in head, in body) one after the other."""

    file_id: int
    in_path: int
    places: array[int]

    def symbols(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (ordinal, in name, in head, in body)."""
        values = iter(self.places)
        return zip(values, values, values, values, strict=True)


def read_files(connection: sqlite3.Connection) -> dict[int, FileEntry]:
    """Read all indexed files by their ids."""
    rows = connection.execute("SELECT id, path, sha256, lines, path_length, lengths FROM files WHERE skipped = ''")
    return {
        i: FileEntry(i, path, sha, lines, size, _array("I", lengths)) for i, path, sha, lines, size, lengths in rows
    }


def read_spread(connection: sqlite3.Connection, term: str) -> list[tuple[int, int, int]]:
    """Return (file's id, how often in its path, in how many of its definitions) for each file that has a term."""
    return connection.execute(
        f"SELECT file_id, in_path, length(occurrences) / {_PLACE_BYTES} FROM postings WHERE term_id = {_TERM}",  # noqa: S608 # constants
        (term,),
    ).fetchall()


def read_occurrences(connection: sqlite3.Connection, term: str, file_ids: Iterable[int]) -> list[Occurrence]:
    """Read the occurrences of a term in some files."""
    rows = connection.execute(
        f"SELECT file_id, in_path, occurrences FROM postings WHERE term_id = {_TERM}"  # noqa: S608 # constants
        " AND file_id IN (SELECT value FROM json_each(?))",
        (term, json.dumps(sorted(file_ids))),
    )
    return [Occurrence(file_id, in_path, _array("H", places)) for file_id, in_path, places in rows]


def _array(code: str, data: bytes) -> array[int]:
    values: array[int] = array(code)
    values.frombytes(data)
    return values
