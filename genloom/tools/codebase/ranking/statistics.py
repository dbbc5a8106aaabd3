"""Statistics: what ranking weighs by and every query needs, read once for each state of the index."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from functools import cached_property

from genloom.tools.codebase.index.file_entries import FIELDS, FileEntry, read_files
from genloom.tools.codebase.ranking.roles import Role, file_role
from genloom.tools.codebase.relations.importing import Importing
from genloom.tools.codebase.relations.modules import ModuleMap

__all__ = ["FILE_B", "FILE_WEIGHTS", "SYMBOL_B", "SYMBOL_WEIGHTS", "Statistics", "StatisticsCache"]

SYMBOL_WEIGHTS = (4.0, 1.0, 1.0)  # name, head, body
SYMBOL_B = (0.3, 0.5, 0.75)
FILE_WEIGHTS = (1.0, 2.0, 6.0)  # text, symbols' names, path
FILE_B = (0.75, 0.5, 0.3)


class Statistics:
    """The indexed files, and the lengths that term frequencies are measured against."""

    def __init__(self, connection: sqlite3.Connection, name: str = "") -> None:
        """`name` is that of the repository's folder."""
        self._name = name
        self.files = read_files(connection)
        self.symbol_count = 0
        totals = [0, 0, 0]
        paths = 0
        self._sizes: dict[int, tuple[int, int, int]] = {}
        for entry in self.files.values():
            lengths = entry.lengths
            names, heads, whole = sum(lengths[0::FIELDS]), sum(lengths[1::FIELDS]), sum(lengths)
            self._sizes[entry.id] = (whole, names, entry.path_length)
            for index, size in enumerate((names, heads, whole - names - heads)):
                totals[index] += size
            paths += entry.path_length
            self.symbol_count += len(lengths) // FIELDS
        count = max(len(self.files), 1)
        self._symbol_averages = [max(total / max(self.symbol_count, 1), 1.0) for total in totals]
        self._file_averages = [max(total / count, 1.0) for total in (sum(totals), totals[0], paths)]
        self.symbols_per_file = max(self.symbol_count / count, 1.0)
        self._symbol_factors: dict[int, list[float]] = {}
        self._file_factors: dict[int, tuple[float, float, float]] = {}
        self._importing: Importing | None = None

    def symbol_factors(self, file_id: int) -> list[float]:
        """Return what a term's counts in name, head and body of each definition are multiplied by, one after the other."""
        found = self._symbol_factors.get(file_id)
        if found is None:
            parts = list(zip(SYMBOL_WEIGHTS, SYMBOL_B, self._symbol_averages, strict=True))
            found = self._symbol_factors[file_id] = [
                _factor(*parts[index % FIELDS], size) for index, size in enumerate(self.files[file_id].lengths)
            ]
        return found

    def file_factors(self, file_id: int) -> tuple[float, float, float]:
        """Return what a term's counts in a file's text, symbols' names and path are multiplied by."""
        found = self._file_factors.get(file_id)
        if found is None:
            parts = zip(FILE_WEIGHTS, FILE_B, self._file_averages, self._sizes[file_id], strict=True)
            text, names, path = (_factor(*part) for part in parts)
            found = self._file_factors[file_id] = (text, names, path)
        return found

    @cached_property
    def roles(self) -> dict[int, Role]:
        """What each file is for."""
        return {entry.id: file_role(entry.path) for entry in self.files.values()}

    @cached_property
    def breadths(self) -> dict[int, float]:
        """By how much the number of a file's definitions that have a term is divided for a first look."""
        text = FILE_B[0]
        return {e.id: 1 - text + text * e.symbol_count / self.symbols_per_file for e in self.files.values()}

    @cached_property
    def ids(self) -> dict[str, int]:
        """The files' ids by their paths."""
        return {entry.path: entry.id for entry in self.files.values()}

    @cached_property
    def by_name(self) -> dict[str, list[FileEntry]]:
        """The files by their own names, without the folder."""
        found: dict[str, list[FileEntry]] = defaultdict(list)
        for entry in self.files.values():
            found[entry.path.rpartition("/")[2]].append(entry)
        return found

    @cached_property
    def by_stem(self) -> dict[str, list[FileEntry]]:
        """The files by their own names, without folder and ending."""
        found: dict[str, list[FileEntry]] = defaultdict(list)
        for name, entries in self.by_name.items():
            found[name.rpartition(".")[0]] += entries
        return found

    def importing(self, connection: sqlite3.Connection) -> Importing:
        """Return the files' imports, read where they are asked for first."""
        if self._importing is None:
            self._importing = Importing(connection, ModuleMap(self.ids, self._name))
        return self._importing


def _factor(weight: float, b: float, average: float, size: int) -> float:
    return weight / (1 - b + b * size / average)


class StatisticsCache:
    """The statistics of one index, read anew when this or another process has written to it."""

    def __init__(self, name: str = "") -> None:
        """`name` is that of the repository's folder."""
        self._name = name
        self._state: tuple[int, int] | None = None
        self._statistics: Statistics | None = None

    def current(self, connection: sqlite3.Connection) -> Statistics:
        """Return the statistics of the state that the connection reads now."""
        state = (connection.execute("PRAGMA data_version").fetchone()[0], connection.total_changes)
        if self._statistics is None or state != self._state:
            self._state, self._statistics = state, Statistics(connection, self._name)
        return self._statistics
