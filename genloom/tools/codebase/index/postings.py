"""Postings: in which files each term occurs, and where in them.

They are written in *generations*: all terms of the files of one go, sorted, one row for each term. A row is never changed.
What a later refresh reads anew becomes a generation of its own, and the files that it replaces are noted as dead, which
readers pass over. Neighbouring generations of like size are merged, so that there are few of them (the logarithm of the
number of files), and all are once a quarter of the files in them is dead.

A row's `heads` hold two words of four bytes for each file: its id; and how often the term stands in its path (the upper two
bytes) and in how many of its definitions it stands. `places` hold for each of these (ordinal, in name, in head, in body),
two bytes each.
"""

from __future__ import annotations

import heapq
import itertools
import sqlite3
import sys
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Occurrence", "PostingsWriter", "TermPosting", "read_occurrences", "read_spread", "term_postings"]

MOST_GATHERED = 24_000_000
"""So many bytes are gathered before they are written."""
A_TERM = 200
"""So many bytes each term takes besides its places."""
GROWTH = 3
"""A generation is merged with the one before it, unless that is so many times larger."""
MOST_DEAD = 4
"""All are merged when a file in so many is dead."""
_WORDS_A_PLACE = 4
_BATCH = 1_000
_ROWS = "FROM postings WHERE generation IN (SELECT id FROM generations) AND term = ? ORDER BY generation"
TermPosting = tuple[str, bytes, bytes]
"""A term of one file: the word of its head that is not the file's id, and its places."""
_Row = tuple[str, bytes | bytearray, bytes | bytearray]


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


def term_postings(in_path: Mapping[str, int], places: Mapping[str, Sequence[int]]) -> list[TermPosting]:
    """Pack the terms of one file."""
    found = [
        (term, _word(in_path.get(term, 0) << 16 | len(where) // _WORDS_A_PLACE), array("H", where).tobytes())
        for term, where in places.items()
    ]
    return found + [(term, _word(count << 16), b"") for term, count in in_path.items() if term not in places]


def read_spread(connection: sqlite3.Connection, term: str) -> list[tuple[int, int, int]]:
    """Return (file's id, how often in its path, in how many of its definitions) for each file that has a term."""
    dead = _dead(connection)
    return [
        (file_id, head >> 16, head & 0xFFFF)
        for (heads,) in connection.execute(f"SELECT heads {_ROWS}", (term,))  # constants
        for file_id, head in _pairs(heads)
        if file_id not in dead
    ]


def read_occurrences(connection: sqlite3.Connection, term: str, file_ids: Iterable[int]) -> list[Occurrence]:
    """Read the occurrences of a term in some files."""
    wanted = set(file_ids) - _dead(connection)
    found: list[Occurrence] = []
    for heads, places in connection.execute(f"SELECT heads, places {_ROWS}", (term,)) if wanted else ():  # constants
        values = _array("H", places)
        at = 0
        for file_id, head in _pairs(heads):
            size = (head & 0xFFFF) * _WORDS_A_PLACE
            if file_id in wanted:
                found.append(Occurrence(file_id, head >> 16, values[at : at + size]))
            at += size
    return found


class PostingsWriter:
    """Gathers the postings of files, and writes them inside the transaction of the caller."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._heads: dict[str, bytearray] = defaultdict(bytearray)
        self._places: dict[str, bytearray] = defaultdict(bytearray)
        self._files = 0
        self._bytes = 0

    def add(self, file_id: int, terms: Iterable[TermPosting]) -> None:
        """Take in a file's terms."""
        heads, places = self._heads, self._places
        own = _word(file_id)
        for term, head, where in terms:
            heads[term] += own + head
            places[term] += where
            self._bytes += len(where)
        self._files += 1
        if self._bytes + A_TERM * len(heads) > MOST_GATHERED:
            self._write()

    def save(self, dead: Collection[int]) -> None:
        """Write what was gathered, and merge what is to be merged. `dead` are the files that are gone or read anew."""
        if self._files:
            self._write()
        self._connection.executemany("INSERT INTO dead_files VALUES (?)", ((file_id,) for file_id in sorted(dead)))
        _merge_what_is_due(self._connection)

    def _write(self) -> None:
        rows = ((term, self._heads[term], self._places[term]) for term in sorted(self._heads))
        _write_generation(self._connection, self._files, rows)
        self._heads.clear()
        self._places.clear()
        self._files = self._bytes = 0


def _write_generation(connection: sqlite3.Connection, files: int, rows: Iterable[_Row]) -> None:
    number = connection.execute("INSERT INTO generations (files) VALUES (?)", (files,)).lastrowid
    insert = "INSERT INTO postings (generation, term, heads, places) VALUES (?, ?, ?, ?)"
    connection.executemany(insert, ((number, *row) for row in rows))


def _merge_what_is_due(connection: sqlite3.Connection) -> None:
    sizes = connection.execute("SELECT id, files FROM generations ORDER BY id").fetchall()
    dead = _dead(connection)
    if len(dead) * MOST_DEAD > sum(files for _, files in sizes):
        _merge(connection, sizes, dead)
        connection.execute("UPDATE generations SET files = files - ?", (len(dead),))
        connection.execute("DELETE FROM dead_files")
        return
    first = len(sizes) - 1
    while first > 0 and sizes[first - 1][1] < GROWTH * sum(files for _, files in sizes[first:]):
        first -= 1
    if first < len(sizes) - 1:
        _merge(connection, sizes[first:], dead)


def _merge(connection: sqlite3.Connection, sizes: Sequence[tuple[int, int]], dead: Collection[int]) -> None:
    """Make one generation of some neighbouring ones, without what is dead; it takes the memory of a few rows."""
    numbers = [number for number, _ in sizes]
    merged = itertools.groupby(heapq.merge(*(_rows(connection, n) for n in numbers), key=_term), key=_term)
    joined = ((term, *_living([row[1:] for row in rows], dead)) for term, rows in merged)
    _write_generation(connection, sum(files for _, files in sizes), (row for row in joined if row[1]))
    for number in numbers:
        connection.execute("DELETE FROM postings WHERE generation = ?", (number,))
        connection.execute("DELETE FROM generations WHERE id = ?", (number,))


def _term(row: tuple[str, bytes, bytes]) -> str:
    return row[0]


def _rows(connection: sqlite3.Connection, generation: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield a generation's rows in the order of their terms, some at a time: the table is written to meanwhile."""
    after = ""
    query = "SELECT term, heads, places FROM postings WHERE generation = ? AND term > ? ORDER BY term LIMIT ?"
    while rows := connection.execute(query, (generation, after, _BATCH)).fetchall():
        yield from rows
        after = rows[-1][0]


def _living(parts: Iterable[tuple[bytes, bytes]], dead: Collection[int]) -> tuple[bytes, bytes]:
    """Return heads and places of a term's rows together, without those of dead files."""
    if not dead:
        joined = list(zip(*parts, strict=True))
        return b"".join(joined[0]), b"".join(joined[1])
    heads, places = bytearray(), bytearray()
    for part, where in parts:
        at = 0
        for file_id, head in _pairs(part):
            size = (head & 0xFFFF) * _WORDS_A_PLACE * 2
            if file_id not in dead:
                heads += _word(file_id) + _word(head)
                places += where[at : at + size]
            at += size
    return bytes(heads), bytes(places)


def _dead(connection: sqlite3.Connection) -> set[int]:
    return {file_id for (file_id,) in connection.execute("SELECT file_id FROM dead_files")}


def _pairs(heads: bytes) -> Iterator[tuple[int, int]]:
    words = _array("I", heads)
    return zip(words[0::2], words[1::2], strict=True)


def _word(value: int) -> bytes:
    return value.to_bytes(4, sys.byteorder)


def _array(code: str, data: bytes) -> array[int]:
    values: array[int] = array(code)
    values.frombytes(data)
    return values
