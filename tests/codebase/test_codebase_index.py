"""The index agrees with the repository, whatever happens to either."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from genloom.errors import RepositoryError, StorageError, UsageError
from genloom.events import Event, IndexProgress
from genloom.tools.codebase import Codebase
from genloom.tools.codebase.index import index_file
from genloom.tools.codebase.relations.snapshot import Snapshot

INDEX = "import sys; from pathlib import Path; from genloom.tools.codebase import Codebase; "


def _contents(codebase: Codebase) -> tuple[object, ...]:
    return codebase.files(), codebase.symbols(), codebase.rank("invoice total due"), codebase.summary()


def _run(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", INDEX + code, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )


def _age(root: Path) -> None:
    """Set every file's time stamp well into the past, so that no check need doubt it."""
    for path in root.rglob("*"):
        os.utime(path, (time.time() - 3600,) * 2)


def test_the_first_refresh_reads_everything_and_the_second_nothing(shop: Path, tmp_path: Path) -> None:
    """Unchanged files are not read again, in this process or the next."""
    _age(shop)
    events: list[Event] = []
    first = Codebase(shop, cache=tmp_path / "cache").refresh(emit=events.append)
    again = Codebase(shop, cache=tmp_path / "cache").refresh()
    assert (first.files, first.indexed, first.complete) == (6, 6, True)
    assert (again.files, again.indexed, again.removed) == (6, 0, 0)
    assert [event.done for event in events if isinstance(event, IndexProgress)] == [0, 6]


def test_a_changed_a_new_and_a_removed_file_are_seen(shop: Path, tmp_path: Path) -> None:
    """After any change the index equals one that was built from nothing."""
    codebase = Codebase(shop, cache=tmp_path / "cache")
    codebase.refresh()
    (shop / "shop/money.py").write_text("def renamed(total: int) -> int:\n    return total\n")
    (shop / "shop/new.py").write_text("class Fresh:\n    due = 1\n")
    (shop / "shop/warehouse.py").unlink()
    report = codebase.refresh()
    assert (report.indexed, report.removed, report.files) == (2, 1, 6)
    assert _contents(codebase) == _contents(Codebase(shop))


def test_a_change_that_keeps_time_stamp_and_size_is_seen_soon_after(shop: Path, tmp_path: Path) -> None:
    """A file touched just before it was read is read again, even with the same stamp and size."""
    path = shop / "shop/money.py"
    codebase = Codebase(shop, cache=tmp_path / "cache")
    codebase.refresh()
    status = path.stat()
    path.write_text(path.read_text().replace("round_cents", "round_pence"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    codebase.refresh()
    assert "round_pence" in {symbol.name for symbol in codebase.symbols()}


def test_a_touched_file_is_not_indexed_again(shop: Path) -> None:
    """The content's hash decides, not the time stamp."""
    codebase = Codebase(shop)
    codebase.refresh()
    os.utime(shop / "shop/money.py", (1, 1))
    assert codebase.refresh().indexed == 0


def test_a_process_killed_while_indexing_leaves_the_index_right(shop: Path, tmp_path: Path) -> None:
    """The transaction of a killed process never happened; the next start does all of the work."""
    for number in range(60):
        (shop / f"shop/part_{number}.py").write_text(f"def part_{number}(): ...\n")
    kill = "import os; c = Codebase(sys.argv[1], cache=Path(sys.argv[2])); "
    kill += "c.refresh(emit=lambda e: e.done and os.kill(os.getpid(), 9))"
    assert _run(kill, shop, tmp_path / "cache").returncode == -signal.SIGKILL
    codebase = Codebase(shop, cache=tmp_path / "cache")
    assert codebase.refresh().indexed == 66
    assert _contents(codebase) == _contents(Codebase(shop))


def test_several_processes_can_index_at_once(shop: Path, tmp_path: Path) -> None:
    """They share one file and all see the same."""
    code = INDEX + "c = Codebase(sys.argv[1], cache=Path(sys.argv[2])); print(c.refresh().files, len(c.symbols()))"
    command = [sys.executable, "-c", code, str(shop), str(tmp_path / "cache")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = {process.communicate(timeout=60)[0] for process in running}
    assert outputs == {f"6 {len(Codebase(shop).symbols())}\n"}


def test_an_older_or_broken_index_is_built_anew(shop: Path, tmp_path: Path) -> None:
    """The index is disposable: another version's tables and a file of rubbish both give way."""
    Codebase(shop, cache=tmp_path).refresh()
    (file,) = (tmp_path / "index").glob("*.sqlite")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 0")
        connection.execute("ALTER TABLE symbols DROP COLUMN doc")
    assert len(Codebase(shop, cache=tmp_path).symbols()) == len(Codebase(shop).symbols())
    for rubbish in (tmp_path / "index").iterdir():
        rubbish.unlink()
    file.write_bytes(b"no database at all" * 100)
    assert Codebase(shop, cache=tmp_path).refresh().files == 6


def test_a_deadline_stops_early_and_the_next_refresh_goes_on(shop: Path, tmp_path: Path) -> None:
    """What was read before the deadline is kept."""
    codebase = Codebase(shop, cache=tmp_path / "cache")
    assert codebase.refresh(deadline=time.monotonic() - 1).complete is False
    assert codebase.refresh().complete is True
    assert len(codebase.files()) == 6


def test_odd_files_are_survived_and_counted(shop: Path) -> None:
    """Syntax errors, Latin-1, CRLF and byte-order marks are indexed; binary, huge, generated and minified files are not."""
    odd = shop / "odd"
    odd.mkdir()
    (odd / "broken.py").write_text("def works(a):\n    return a\n\ndef broken(:\n  x = (\n")
    (odd / "latin.py").write_bytes("# -*- coding: latin-1 -*-\ndef gr\xfc\xdfe(): pass\n".encode("latin-1"))
    (odd / "undeclared.py").write_bytes(b"def plain(): return '\xff'\n")
    (odd / "windows.py").write_bytes(b"\xef\xbb\xbfclass Carriage:\r\n    def ret(self):\r\n        pass\r\n")
    (odd / "empty.py").write_bytes(b"")
    (odd / "binary.py").write_bytes(b"def f(): pass\0")
    (odd / "huge.py").write_bytes(b"x = 1\n" * 1_000_001)
    (odd / "made.py").write_text("# Generated by the protocol buffer compiler.  DO NOT EDIT!\nx = 1\n")
    (odd / "data.py").write_text("x = [" + "1," * 20_000 + "]\n")
    (odd / "lib.min.js").write_text("var a = 1\n")
    os.mkfifo(odd / "pipe.py")
    codebase = Codebase(shop)
    report = codebase.refresh()
    assert report.skipped == {"binary": 1, "large": 1, "generated": 1, "minified": 2}
    assert report.syntax_errors == 1
    names = {symbol.name: symbol for symbol in codebase.symbols() if symbol.path.startswith("odd/")}
    assert {"works", "grüße", "plain", "Carriage", "ret"} <= names.keys()
    assert (names["Carriage"].start_line, names["Carriage"].end_line) == (1, 3)


def test_a_file_of_five_megabytes_is_indexed(shop: Path) -> None:
    """The bound is 6,000,000 bytes."""
    (shop / "large.py").write_text("def first(): ...\n" + "# a comment line\n" * 290_000 + "def last(): ...\n")
    assert (shop / "large.py").stat().st_size > 4_900_000
    codebase = Codebase(shop)
    assert codebase.refresh().skipped == {}
    assert [symbol.name for symbol in codebase.symbols("large.py")] == ["first", "last"]


@pytest.mark.parametrize("coding", ["undefined", "punycode", "idna", "utf-7", "no-such-coding"])
def test_a_coding_line_that_makes_no_sense_is_survived(shop: Path, coding: str) -> None:
    """Whatever codec it names: the text is read somehow, and all other files are there."""
    (shop / "odd.py").write_bytes(f"# coding: {coding}\ndef odd():\n    return 'é'\n".encode("latin-1"))
    codebase = Codebase(shop)
    before = {file.path for file in codebase.files()} - {"odd.py"}
    assert before
    assert [symbol.name for symbol in codebase.symbols("odd.py")] == ["odd"]


def test_the_index_is_for_its_user_alone(shop: Path, tmp_path: Path) -> None:
    """It holds what the repository holds: a folder and files that nobody else may read."""
    cache = tmp_path / "new" / "cache"
    Codebase(shop, cache=cache).refresh()
    made = [cache, *cache.rglob("*")]
    assert len(made) > 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in made)


def test_vendored_folders_are_left_out(shop: Path) -> None:
    """By their names; a package of one's own that is called vendor stays."""
    for folder in ("vendor/lib", "third_party", "static/vendor", "shop/_vendor", "node_modules/x"):
        (shop / folder).mkdir(parents=True)
        (shop / folder / "theirs.py").write_text("x = 1\n")
    (shop / "shop/vendor").mkdir()
    (shop / "shop/vendor/__init__.py").write_text("")
    (shop / "shop/vendor/ours.py").write_text("y = 1\n")
    paths = {file.path for file in Codebase(shop).files()}
    assert "shop/vendor/ours.py" in paths
    assert not {path for path in paths if path.endswith("theirs.py")}


def test_an_index_that_is_damaged_inside_is_told(shop: Path, tmp_path: Path) -> None:
    """Pages overwritten with rubbish are no answer, and no bare error: built anew, or told with what to do."""
    Codebase(shop, cache=tmp_path).refresh()
    (file,) = (tmp_path / "index").glob("*.sqlite")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)
    with suppress(StorageError):  # which says to delete the cache's `index`
        assert Codebase(shop, cache=tmp_path).refresh().files == 6


def test_a_read_only_cache_folder_is_refused(shop: Path, tmp_path: Path) -> None:
    """With what to do."""
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    (tmp_path / "cache").mkdir(mode=0o500)
    with pytest.raises(StorageError, match="cannot be kept"):
        Codebase(shop, cache=tmp_path / "cache")


def test_a_file_that_cannot_be_read_is_counted(shop: Path) -> None:
    """A file without permission does not stop the rest."""
    if os.geteuid() == 0:
        pytest.skip("root reads every file")
    (shop / "shop/money.py").chmod(0)
    assert Codebase(shop).refresh().skipped == {"unreadable": 1}


@pytest.mark.parametrize("kind", ["missing", "file", "nul"])
def test_a_root_that_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    """The error names the path and what to do."""
    (tmp_path / "file").write_bytes(b"\0\1binary")
    root = "a\0b" if kind == "nul" else str(tmp_path / kind)
    with pytest.raises(RepositoryError) as caught:
        Codebase(root)
    assert repr(root) in caught.value.message
    assert caught.value.hint


def test_a_cache_that_cannot_be_written_is_refused(shop: Path, tmp_path: Path) -> None:
    """A file where the cache folder should be."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(StorageError, match="cannot be kept"):
        Codebase(shop, cache=tmp_path / "cache")


def test_a_full_disk_is_told_and_leaves_the_index_as_it_was(shop: Path, tmp_path: Path) -> None:
    """SQLite's own page limit stands for the disk's."""
    codebase = Codebase(shop, cache=tmp_path / "cache")
    codebase.refresh()
    before = _contents(codebase)
    for number in range(300):
        (shop / f"shop/part_{number}.py").write_text(f"def part_{number}(): ...\n")
    pages = codebase._index.execute("PRAGMA page_count").fetchone()[0]
    codebase._index.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match="cannot be written"):
        codebase.refresh()
    assert _contents(codebase) == before


def test_the_number_of_kept_indexes_is_bounded(shop: Path, tmp_path: Path) -> None:
    """The ones written longest ago make room."""
    (tmp_path / "index").mkdir()
    for number in range(70):
        old = tmp_path / f"index/{number}.sqlite"
        old.write_bytes(b"")
        os.utime(old, (number, number))
    Codebase(shop, cache=tmp_path)
    kept = {path.name for path in (tmp_path / "index").glob("*.sqlite")}
    assert len(kept) == 64
    assert "69.sqlite" in kept
    assert "0.sqlite" not in kept


def test_no_secret_reaches_the_index_file(shop: Path, tmp_path: Path) -> None:
    """Neither as a term, nor in a signature, a docstring or a decorator."""
    token = "gh" + "p_" + "Zq81" * 9
    (shop / "shop/keys.py").write_text(
        f'KEY = "{token}"\n\n@login("{token}")\ndef connect(key: str = "{token}") -> None:\n    """Use {token}."""\n'
    )
    codebase = Codebase(shop, cache=tmp_path / "cache")
    codebase.refresh()
    codebase.close()
    data = b"".join(path.read_bytes() for path in (tmp_path / "cache/index").iterdir())
    assert b"connect" in data
    assert token[4:].encode() not in data
    assert token[4:].lower().encode() not in data.lower()


def test_no_part_of_a_secret_reaches_the_index_file(shop: Path, tmp_path: Path) -> None:
    """Not by an import's address, by `__all__`, by a docstring that is cut within it, nor where it stands again."""
    parts = {kind: f"{kind}9Kd7" * 8 for kind in ("Um", "Ex", "Do", "Lo")}
    docs = "word " * 399 + f"key: ghp_{parts['Do']}"
    (shop / "shop/keys.py").write_text(
        f'__all__ = ["connect", "ghp_{parts["Ex"]}abcd"]\nPASSWORD = "{parts["Lo"]}"\nlogin({parts["Lo"]})\n\n'
        f'def connect():\n    """{docs}abcd"""\n'
    )
    (shop / "shop/load.js").write_text(f'import {{ a }} from "https://me:{parts["Um"]}@host.example/m.js"\n')
    codebase = Codebase(shop, cache=tmp_path / "cache")
    codebase.refresh()
    (symbol,) = [found for found in codebase.symbols("shop/keys.py") if found.name == "connect"]
    codebase.close()
    assert symbol.start_line == 5
    data = b"".join(path.read_bytes() for path in (tmp_path / "cache/index").iterdir()).lower()
    assert b"host.example" in data
    assert [kind for kind in parts if f"{kind}9Kd7".lower().encode() in data] == []


def test_a_file_of_thousands_of_secrets_is_indexed_without_them(shop: Path, tmp_path: Path) -> None:
    """In one pass, however many there are."""
    tokens = [f"ghp_{number:05}" + "Zq81" * 8 for number in range(20_000)]
    (shop / "keys.py").write_text("KEYS = [\n" + "".join(f'    "{token}",\n' for token in tokens) + "]\nlast = 1\n")
    codebase = Codebase(shop, cache=tmp_path / "cache")
    codebase.refresh()
    assert [symbol.start_line for symbol in codebase.symbols("keys.py")] == [1, 20_003]
    codebase.close()
    data = b"".join(path.read_bytes() for path in (tmp_path / "cache/index").iterdir()).lower()
    assert b"zq81" not in data


def test_another_version_of_genloom_has_an_index_of_its_own(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of an older one that still runs writes into its file, never into the newer one's."""
    old = Codebase(shop, cache=tmp_path)
    old.refresh()
    monkeypatch.setattr(index_file, "SCHEMA_VERSION", index_file.SCHEMA_VERSION + 1)
    new = Codebase(shop, cache=tmp_path)
    new.refresh()
    (shop / "shop/late.py").write_text("def late(): ...\n")
    old.refresh()
    assert "shop/late.py" not in {file.path for file in new.files()}
    assert new.refresh().indexed == 1


def test_who_listens_to_a_refresh_can_ask_meanwhile(shop: Path) -> None:
    """The answer is of what was read so far; to refresh again from there is refused."""
    codebase = Codebase(shop)
    asked: list[int] = []

    def listen(event: Event) -> None:
        asked.append(len(codebase.files()))
        assert codebase.rank("invoice total").files is not None
        with pytest.raises(UsageError, match="under way"):
            codebase.refresh()

    assert codebase.refresh(emit=listen).files == 6
    assert asked == [0, 6]
    assert codebase.rank("invoice total").files


@pytest.mark.parametrize("in_memory", [True, False])
def test_who_listens_to_a_refresh_can_ask_for_relations(shop: Path, tmp_path: Path, in_memory: bool) -> None:
    """Of what was read so far, also while another thread asks, which waits; a hang shows as the suite's own time limit."""
    codebase = Codebase(shop, cache=None if in_memory else tmp_path / "cache")
    codebase.refresh()
    (shop / "shop/late.py").write_text("from shop.money import round_cents\n\n\ndef late():\n    round_cents(1)\n")
    asked: list[set[str]] = []

    def users() -> set[str]:
        return {relation.source for relation in codebase.usages("shop/money.py::round_cents")}

    def listen(event: Event) -> None:
        if isinstance(event, IndexProgress) and event.done == event.total:
            waiting.append(pool.submit(users))
            time.sleep(0.1)  # so that it waits for the refresh
            asked.append(users())
            assert codebase.importers("shop/late.py") == ()
            assert codebase.summary("shop/late.py::late").counts["function_calls"] == 1

    waiting: list[Future[set[str]]] = []
    with ThreadPoolExecutor(1) as pool:
        codebase.refresh(emit=listen)
        assert "shop/late.py::late" in asked[0]
        assert waiting[0].result(60) == asked[0] == users()


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_refresh_that_failed_leaves_nothing_of_what_a_listener_asked(
    shop: Path, tmp_path: Path, in_memory: bool
) -> None:
    """What was read is rolled back, and so is what was ranked by it."""
    codebase = Codebase(shop, cache=None if in_memory else tmp_path / "cache")
    codebase.refresh()
    before = _contents(codebase)
    (shop / "shop/billing.py").write_text("def invoice_total(due): ...\n\n\ndef beta(): ...\n")

    def listen(event: Event) -> None:
        if isinstance(event, IndexProgress) and event.done == event.total:
            assert codebase.rank("invoice total due").files
            assert codebase.symbols(name="beta")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        codebase.refresh(emit=listen)
    assert _contents(codebase) == before


def test_relations_are_of_the_index_that_is_open(shop: Path, tmp_path: Path) -> None:
    """Who deletes its file, and makes another one, takes nothing from those who have it open."""
    codebase = Codebase(shop, cache=tmp_path)
    codebase.refresh()
    for path in (tmp_path / "index").iterdir():
        path.unlink()
    other = Codebase(shop, cache=tmp_path)
    before = codebase.usages("shop/money.py::round_cents")
    assert before == other.usages("shop/money.py::round_cents") != ()
    (shop / "shop/late.py").write_text("from shop.money import round_cents\n\n\ndef late():\n    round_cents(1)\n")
    codebase.refresh()
    assert len(codebase.usages("shop/money.py::round_cents")) > len(before)


def test_a_file_that_cannot_be_opened_once_more_is_left_closed(tmp_path: Path) -> None:
    """Relations then work on a copy of what the index has open."""
    index = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    index.execute("CREATE TABLE kept (name TEXT)")
    followed = Snapshot(tmp_path / "index.sqlite")
    index.execute("BEGIN")
    index.execute("SELECT * FROM kept").fetchall()  # holds the pages
    with (tmp_path / "index.sqlite").open("r+b") as file:
        file.write(b"no database at all")
    with pytest.raises(sqlite3.DatabaseError), closing(sqlite3.connect(tmp_path / "index.sqlite")) as other:
        other.execute("PRAGMA schema_version")
    followed.follow(index)
    with followed.held() as (own, _):
        assert own.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]


def test_an_older_versions_index_goes_when_nothing_writes_it_any_more(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two weeks after its last change; one of another repository stays."""
    files = []
    for version in (1, 2):
        monkeypatch.setattr(index_file, "SCHEMA_VERSION", version)
        for root in (shop, tmp_path / "other"):
            files.append(index_file.index_path(tmp_path, root))
            index_file.open_index(files[-1]).close()
    for path in files[:2]:
        os.utime(path, (time.time() - 15 * 86_400,) * 2)
    monkeypatch.setattr(index_file, "SCHEMA_VERSION", 3)
    Codebase(shop, cache=tmp_path)
    assert [path.exists() for path in files] == [False, True, True, True]


def test_the_deadline_holds_while_another_process_writes(shop: Path, tmp_path: Path) -> None:
    """What is there is reported as incomplete, and the next refresh goes on; without a deadline it is waited for."""
    codebase = Codebase(shop, cache=tmp_path)
    (file,) = (tmp_path / "index").glob("*.sqlite")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    report = codebase.refresh(deadline=time.monotonic() + 0.1)
    assert (report.files, report.complete) == (0, False)
    other.execute("ROLLBACK")
    assert codebase.refresh().files == 6


def test_files_left_out_are_not_told_as_indexed(shop: Path) -> None:
    """`indexed` are those that were read and parsed."""
    (shop / "binary.py").write_bytes(b"def f(): pass\0")
    report = Codebase(shop).refresh()
    assert (report.files, report.indexed, report.skipped) == (6, 6, {"binary": 1})


@pytest.mark.parametrize(("text", "lines"), [("", 0), ("x = 1", 1), ("x = 1\n", 1), ("x = 1\r\n\r\n", 2), ("\n", 1)])
def test_lines_are_counted_as_an_editor_counts_them(shop: Path, text: str, lines: int) -> None:
    """The break at the end of a file begins no further line."""
    (shop / "shop/counted.py").write_bytes(text.encode())
    codebase = Codebase(shop)
    assert {file.path: file.lines for file in codebase.files()}["shop/counted.py"] == lines
    found = {file.path: file.lines for file in codebase.rank("counted").files}
    assert found["shop/counted.py"] == lines
