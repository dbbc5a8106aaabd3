"""Postings: where each term of a query occurs, read from the index file, and the statistics that weigh them."""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["FileEntry", "Occurrence", "Postings", "read_postings"]

FIELDS = 3
"""Name, head and body, in this order."""


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Occurrence:
    """A term in one file: how often in its path, and as (ordinal, in name, in head, in body) one after the other."""

    file_id: int
    in_path: int
    places: array[int]

    def symbols(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (ordinal, in name, in head, in body)."""
        values = iter(self.places)
        return zip(values, values, values, values, strict=True)


@dataclass(frozen=True)
class Postings:
    """Everything that ranking reads: all files, and the occurrences of each term asked for."""

    files: dict[int, FileEntry]
    by_term: dict[str, list[Occurrence]] = field(default_factory=dict)

    @property
    def symbol_count(self) -> int:
        """How many definitions the repository has."""
        return sum(entry.symbol_count for entry in self.files.values())

    def symbol_frequency(self, term: str) -> int:
        """In how many definitions a term occurs."""
        return sum(len(occurrence.places) // (FIELDS + 1) for occurrence in self.by_term.get(term, ()))

    def file_frequency(self, term: str) -> int:
        """In how many files a term occurs."""
        return len(self.by_term.get(term, ()))


def read_postings(connection: sqlite3.Connection, terms: Iterable[str]) -> Postings:
    """Read all files and the occurrences of the given terms."""
    files: dict[int, FileEntry] = {}
    rows = connection.execute("SELECT id, path, sha256, lines, path_length, lengths FROM files WHERE skipped = ''")
    for file_id, path, sha256, lines, path_length, lengths in rows:
        files[file_id] = FileEntry(file_id, path, sha256, lines, path_length, _array("I", lengths))
    by_term: dict[str, list[Occurrence]] = defaultdict(list)
    for term in terms:
        found = connection.execute(
            "SELECT file_id, in_path, occurrences FROM postings WHERE term_id = (SELECT id FROM terms WHERE term = ?)",
            (term,),
        )
        by_term[term] = [Occurrence(file_id, in_path, _array("H", blob)) for file_id, in_path, blob in found]
    return Postings(files, dict(by_term))


def _array(code: str, data: bytes) -> array[int]:
    values: array[int] = array(code)
    values.frombytes(data)
    return values
