"""File entries: what ranking needs of each indexed file."""

from __future__ import annotations

import sqlite3
from array import array
from dataclasses import dataclass

__all__ = ["FIELDS", "FileEntry", "read_files"]

FIELDS = 3
"""Name, head and body, in this order."""


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


def read_files(connection: sqlite3.Connection) -> dict[int, FileEntry]:
    """Read all indexed files by their ids."""
    rows = connection.execute("SELECT id, path, sha256, lines, path_length, lengths FROM files WHERE skipped = ''")
    return {
        file_id: FileEntry(file_id, path, sha256, lines, size, array("I", lengths))
        for file_id, path, sha256, lines, size, lengths in rows
    }
