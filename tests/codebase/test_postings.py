"""Postings stay few, and right, however often files change."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from genloom.tools.codebase import Codebase
from genloom.tools.codebase.index import postings
from genloom.tools.codebase.index.postings import PostingsWriter, read_occurrences, read_spread, term_postings


def _found(codebase: Codebase, term: str) -> dict[str, tuple[int, list[int]]]:
    """Where a term stands, by path."""
    paths = dict(codebase._index.execute("SELECT id, path FROM files"))
    spread = read_spread(codebase._index, term)
    read = {o.file_id: o for o in read_occurrences(codebase._index, term, [row[0] for row in spread])}
    assert len(spread) == len(read)
    return {paths[f]: (in_path, read[f].places.tolist()) for f, in_path, _ in spread}


def test_after_many_single_changes_the_postings_are_those_of_a_new_index(shop: Path, tmp_path: Path) -> None:
    """Generations are merged as they grow in number, and what dead files had is never seen."""
    for number in range(60):
        (shop / f"shop/part_{number}.py").write_text(f"def shelf_{number}(): return 'crate'\n")
    codebase = Codebase(shop, cache=tmp_path / "cache")
    codebase.refresh()
    most = 0
    for number in range(90):
        path = shop / f"shop/part_{number % 60}.py"
        path.write_text(f"def shelf_{number}():\n    crate = {number}\n    return crate + {number}\n")
        if number % 9 == 4:
            (shop / f"shop/part_{number % 60}.py").unlink()
        codebase.refresh()
        most = max(most, codebase._index.execute("SELECT COUNT(*) FROM generations").fetchone()[0])
    fresh = Codebase(shop)
    fresh.refresh()
    assert most <= 6
    for term in ("crate", "shelf", "shelf_7", "invoic", "part"):
        assert _found(codebase, term) == _found(fresh, term)
    assert codebase.rank("which shelf returns a crate") == fresh.rank("which shelf returns a crate")


def test_no_row_is_kept_of_files_that_are_gone_for_long(shop: Path, tmp_path: Path) -> None:
    """Once a quarter of the files is dead, all is merged and nothing of them stays."""
    for number in range(20):
        (shop / f"shop/part_{number}.py").write_text("def zeppelin(): ...\n")
    codebase = Codebase(shop, cache=tmp_path / "cache")
    codebase.refresh()
    for number in range(20):
        (shop / f"shop/part_{number}.py").unlink()
    codebase.refresh()
    assert codebase._index.execute("SELECT COUNT(*) FROM postings WHERE term = 'zeppelin'").fetchone() == (0,)
    assert codebase._index.execute("SELECT COUNT(*) FROM dead_files").fetchone() == (0,)
    assert codebase._index.execute("SELECT files FROM generations").fetchall() == [(6,)]


def test_postings_of_more_files_than_memory_holds_are_written_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gathered has a bound; the parts are read as one, in the order of the files."""
    monkeypatch.setattr(postings, "MOST_GATHERED", 1_000)
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "CREATE TABLE generations (id INTEGER PRIMARY KEY AUTOINCREMENT, files INTEGER);"
        "CREATE TABLE postings (generation INTEGER, term TEXT, heads BLOB, places BLOB);"
        "CREATE TABLE dead_files (file_id INTEGER PRIMARY KEY);"
    )
    writer = PostingsWriter(connection)
    for file_id in range(1, 41):
        writer.add(file_id, term_postings({"path": 2}, {"common": [0, 0, 0, file_id], f"own_{file_id}": [1, 1, 0, 3]}))
    writer.save([7])
    assert [row[0] for row in read_spread(connection, "common")] == [n for n in range(1, 41) if n != 7]
    assert read_spread(connection, "path")[0] == (1, 2, 0)
    (found,) = read_occurrences(connection, "common", [30])
    assert list(found.symbols()) == [(0, 0, 0, 30)]
    assert read_occurrences(connection, "common", [7]) == []
