"""Hints: what a query points at besides its words."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from genloom.tools.codebase.history.touched import Touched, touched_files
from genloom.tools.codebase.index.words import STOP_WORDS
from genloom.tools.codebase.ranking.further_retrievers import Retrieved
from genloom.tools.codebase.ranking.query import Query, both_ends
from genloom.tools.codebase.ranking.roles import tested_stem
from genloom.tools.codebase.ranking.statistics import Statistics

__all__ = ["Hints", "Symbol", "find_hints"]

SHORTEST_NAMED = 3
MAX_NAMES = 300
MAX_SAME = 300
"""A name that more definitions have says nothing of any of them."""
FEW = 20
"""A name, or a path's end, that more definitions or files have leads to none that the query's words do not lead to."""
MAX_TOUCHED = 100

_TEST = re.compile(r"test_\w|[Tt]est[A-Z0-9]|\w*[a-z0-9]Tests?$")
"""How tests' functions, methods and classes are called."""

Symbol = tuple[int, int]
"""A file's id and the ordinal of a definition in it; 0 is the module's own text."""


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What a query points at besides its words.

    `named` are the definitions that it writes the name of, `placed` those that its stack traces and places point into (with
    the line), `named_files` the files that it names, each with how surely (1 divided by the number of files that may be
    meant), `tests` those of the tests that it names without their path, `tested` those whose tests it names (with the test),
    `touched` what past commits with its words changed, and
    `retrieved` what further retrievers found: files, and symbols. Files are told by their ids. `rare` are the files with
    definitions that few others share their name with.
    """

    named: Mapping[Symbol, str] = field(default_factory=dict)
    rare: Collection[int] = ()
    placed: Mapping[Symbol, int] = field(default_factory=dict)
    named_files: Mapping[int, float] = field(default_factory=dict)
    tests: Mapping[int, float] = field(default_factory=dict)
    tested: Mapping[int, str] = field(default_factory=dict)
    touched: Mapping[int, Touched] = field(default_factory=dict)
    retrieved: Mapping[int | Symbol, tuple[Retrieved, ...]] = field(default_factory=dict)

    @property
    def files(self) -> set[int]:
        """The ids of the files that they lead to, whatever the words say; those with a rare name left out."""
        retrieved = {place if isinstance(place, int) else place[0] for place in self.retrieved}
        placed = {file_id for file_id, _ in self.placed}
        return {*placed, *self.named_files, *self.tests, *self.tested, *self.touched, *retrieved}

    def asked(self, file_id: int) -> float:
        """Return how surely the query asks for a file: names it, or a test in it."""
        return max(self.named_files.get(file_id, 0.0), self.tests.get(file_id, 0.0))

    def added(self, place: int | Symbol) -> float:
        """Return what further retrievers add to a file or a symbol."""
        return sum(found.value for found in self.retrieved.get(place, ()))


def find_hints(
    connection: sqlite3.Connection,
    query: Query,
    statistics: Statistics,
    terms: Iterable[str],
    retrieved: Iterable[Retrieved],
) -> Hints:
    """Return what the query points at besides its words; the `terms` are asked of the history."""
    meant = {path: _files_meant(statistics, path) for path in query.paths}
    named = _named(connection, query)
    tests = _named_tests(query, named, statistics)
    return Hints(
        named={symbol: name for name, symbols in named.items() for symbol in symbols},
        rare={file_id for symbols in named.values() if len(symbols) <= FEW for file_id, _ in symbols},
        placed=dict(_placed(connection, query, meant)),
        named_files=_shares(meant),
        tests=_shares(tests),
        tested=_tested(query, tests, statistics),
        touched=_touched(connection, statistics, terms),
        retrieved=_retrieved(connection, statistics.ids, retrieved),
    )


def _files_meant(statistics: Statistics, path: str) -> list[int]:
    """Return the files that a path may mean: itself, those that end with it, or the one that it ends with most of."""
    if path in statistics.ids:
        return [statistics.ids[path]]
    same_name = statistics.by_name.get(path.rpartition("/")[2], ())
    ending = [entry.id for entry in same_name if entry.path.endswith(f"/{path}")]
    if ending:
        return ending
    held = [entry for entry in same_name if path.endswith(f"/{entry.path}")]
    return [max(held, key=lambda entry: len(entry.path)).id] if held else []


def _shares(meant: Mapping[str, list[int]]) -> dict[int, float]:
    shares: dict[int, float] = {}
    for ids in meant.values():
        for file_id in ids if len(ids) <= FEW else ():
            shares[file_id] = max(shares.get(file_id, 0.0), 1 / len(ids))
    return shares


def _named(connection: sqlite3.Connection, query: Query) -> dict[str, list[Symbol]]:
    """Return the definitions whose name, as it is written, stands in the query, by the name."""
    asked = dict.fromkeys((*query.identifiers, *query.words))
    names = [name for name in asked if len(name) >= SHORTEST_NAMED and name.lower() not in STOP_WORDS]
    found: dict[str, list[Symbol]] = {}
    for name in both_ends(names, MAX_NAMES):
        rows = connection.execute(
            f"SELECT file_id, ordinal FROM symbols WHERE name = ? AND ordinal > 0 LIMIT {MAX_SAME + 1}",  # noqa: S608 # constants
            (name,),
        ).fetchall()
        if rows and len(rows) <= MAX_SAME:
            found[name] = rows
    for marked in [name for name in found if name.endswith(("!", "?"))]:
        plain = marked[:-1]
        if plain in found and not re.search(rf"(?<!\w){re.escape(plain)}(?![\w!?])", query.text):
            del found[plain]  # `route!` is another method than `route`
    return found


def _named_tests(query: Query, named: Mapping[str, list[Symbol]], statistics: Statistics) -> dict[str, list[int]]:
    """Return the files of the tests that the query marks by their names (`FooTest.adds`, `test_adds`), by the name: such
    names as no other code has."""
    files = {
        name: sorted({file_id for file_id, _ in named.get(name, ())}) for name in query.identifiers if _TEST.match(name)
    }
    roles = statistics.roles
    return {name: ids for name, ids in files.items() if ids and all(roles[file_id] == "test" for file_id in ids)}


def _placed(
    connection: sqlite3.Connection, query: Query, meant: Mapping[str, list[int]]
) -> Iterator[tuple[Symbol, int]]:
    """Yield the innermost definition around each place that the query points at, with the line."""
    for path, line in query.places:
        for file_id in meant.get(path, [])[:FEW]:
            row = connection.execute(
                "SELECT ordinal FROM symbols WHERE file_id = ? AND start_line <= ? AND end_line >= ?"
                " AND kind <> 'variable' ORDER BY start_line DESC, ordinal DESC LIMIT 1",
                (file_id, line, line),
            ).fetchone()
            if row:
                yield (file_id, row[0]), line


def _tested(query: Query, tests: Mapping[str, list[int]], statistics: Statistics) -> dict[int, str]:
    """Return the files that the query's tests are about, each with the test: `billing.py` for `test_billing.py`, and
    `Billing.java` for the class `BillingTest`. Of `tests` that are named without their files the one file is meant."""
    found: dict[int, str] = {}
    classes = [name for name in query.identifiers if name.endswith(("Test", "Tests")) and name.isidentifier()]
    alone = dict.fromkeys(statistics.files[ids[0]].path for ids in tests.values() if len(ids) == 1)
    for test in (*query.paths, *classes, *alone):
        stem, suffix = tested_stem(test) or test.removesuffix("s").removesuffix("Test"), test.rpartition(".")[2]
        for entry in statistics.by_stem.get(stem, ()) if stem else ():
            if statistics.roles[entry.id] != "test" and (test in classes or entry.path.endswith(f".{suffix}")):
                found.setdefault(entry.id, test)
    return found


def _touched(connection: sqlite3.Connection, statistics: Statistics, terms: Iterable[str]) -> dict[int, Touched]:
    found = {path: touched for path, touched in touched_files(connection, terms).items() if path in statistics.ids}
    best = sorted(found, key=lambda path: (-found[path].score, path))[:MAX_TOUCHED]
    return {statistics.ids[path]: found[path] for path in best}


def _retrieved(
    connection: sqlite3.Connection, ids: Mapping[str, int], retrieved: Iterable[Retrieved]
) -> dict[int | Symbol, tuple[Retrieved, ...]]:
    """Return what further retrievers found by files and symbols; of each retriever the first document for a place counts."""
    places: dict[int | Symbol, dict[str, Retrieved]] = defaultdict(dict)
    for found in retrieved:
        file_id = ids.get(found.path)
        if file_id is None:
            continue
        places[file_id].setdefault(found.by, found)
        query = "SELECT ordinal FROM symbols WHERE file_id = ? AND qualified = ? AND ordinal > 0"
        for (ordinal,) in connection.execute(query, (file_id, found.symbol)):
            places[file_id, ordinal].setdefault(found.by, found)
    return {place: tuple(found.values()) for place, found in places.items()}
