"""SQLite files: migrated once, whole transactions, and errors that name the file."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import genloom
from genloom.errors import StorageError
from genloom.tools.store.database import DamagedDatabaseError, Database

ONE = ("CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (1)")
TWO = ("CREATE TABLE b (y INTEGER)", "INSERT INTO b SELECT x + 1 FROM a")


def _rows(database: Database, table: str) -> list[int]:
    with database.read() as db:
        return [value for (value,) in db.execute(f"SELECT * FROM {table}")]


def test_migrations_run_once_and_in_order(tmp_path: Path) -> None:
    """A file of an older schema gets what is missing, whatever it held stays, and nothing runs twice."""
    old = Database(tmp_path / "x.db", migrations=[ONE])
    assert _rows(old, "a") == [1]
    old.close()
    for _ in range(2):
        new = Database(tmp_path / "x.db", migrations=[ONE, TWO])
        assert (_rows(new, "a"), _rows(new, "b")) == ([1], [2])
        new.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """A program that knows fewer migrations than the file leaves it alone and says what to do."""
    Database(tmp_path / "x.db", migrations=[ONE, TWO]).run("SELECT 1")
    for disposable in (False, True):
        with pytest.raises(StorageError, match=r"x\.db was laid out by a newer genloom") as caught:
            Database(tmp_path / "x.db", migrations=[ONE], disposable=disposable).run("SELECT 1")
        assert "Upgrade" in caught.value.hint


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path) -> None:
    """All steps to the newest schema are one transaction."""
    Database(tmp_path / "x.db", migrations=[ONE]).run("SELECT 1")
    with pytest.raises(StorageError):
        Database(tmp_path / "x.db", migrations=[ONE, TWO, ("INSERT INTO missing VALUES (1)",)]).run("SELECT 1")
    with sqlite3.connect(tmp_path / "x.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("a",)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_changes_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    """What a block wrote before it raised is taken back, and the next block works."""
    database = Database(tmp_path / "x.db", migrations=[ONE])

    def stopped() -> None:
        with database.write() as db:
            db.execute("INSERT INTO a VALUES (2)")
            raise error

    with pytest.raises(error):
        stopped()
    with database.write() as db:
        db.execute("INSERT INTO a VALUES (3)")
    assert _rows(database, "a") == [1, 3]


def test_threads_wait_for_each_other(tmp_path: Path) -> None:
    """Blocks of several threads run one after the other: no increment is lost."""
    database = Database(tmp_path / "x.db", migrations=[ONE])

    def increment() -> None:
        for _ in range(25):
            with database.write() as db:
                (value,) = db.execute("SELECT x FROM a").fetchone()
                db.execute("UPDATE a SET x = ?", (value + 1,))

    threads = [threading.Thread(target=increment) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _rows(database, "a") == [101]


RACER = """
import sys
from pathlib import Path
from genloom.tools.store.database import Database
database = Database(Path(sys.argv[1]), migrations=[("CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (0)")])
sys.stdin.readline()
for _ in range(20):
    with database.write() as db:
        (value,) = db.execute("SELECT x FROM a").fetchone()
        db.execute("UPDATE a SET x = ?", (value + 1,))
"""


def test_processes_that_begin_together_lay_the_file_out_once(tmp_path: Path) -> None:
    """Four processes open a file that is not there at the same moment; each of their increments counts."""
    environment = {**os.environ, "PYTHONPATH": str(Path(genloom.__path__[0]).parent)}
    command = [sys.executable, "-c", RACER, tmp_path / "new" / "x.db"]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, text=True) for _ in range(4)]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    assert [racer.communicate(timeout=60) and racer.returncode for racer in racers] == [0] * 4
    with sqlite3.connect(tmp_path / "new" / "x.db") as db:
        assert db.execute("SELECT x FROM a").fetchall() == [(80,)]


def test_folders_and_file_are_private(tmp_path: Path) -> None:
    """What is made is for this user alone; a folder that was there keeps its permissions."""
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    Database(there / "made" / "too" / "x.db").run("SELECT 1")
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (there, there / "made", there / "made" / "too")]
    assert modes == [0o755, 0o700, 0o700]
    assert stat.S_IMODE((there / "made" / "too" / "x.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("obstacle", ["file instead of folder", "folder instead of file"])
def test_what_cannot_be_opened_is_named(tmp_path: Path, obstacle: str) -> None:
    """The error names the path that stands in the way and says what to check."""
    path = tmp_path / "home" / "x.db"
    if obstacle == "file instead of folder":
        (tmp_path / "home").write_text("")
    else:
        path.mkdir(parents=True)
    with pytest.raises(StorageError, match="home") as caught:
        Database(path).run("SELECT 1")
    assert caught.value.hint


def test_a_damaged_durable_file_is_never_touched(tmp_path: Path) -> None:
    """Durable data are left as they are, also beside the file."""
    path = tmp_path / "x.db"
    path.write_bytes(b"rubbish " * 1000)
    for _ in range(2):
        with pytest.raises(DamagedDatabaseError, match=r"x\.db: it is damaged"):
            Database(path, migrations=[ONE]).run("SELECT 1")
    assert path.read_bytes() == b"rubbish " * 1000
    assert [item.name for item in tmp_path.iterdir() if "damaged" in item.name] == []


def test_of_damaged_disposable_files_one_is_kept(tmp_path: Path) -> None:
    """A file that is damaged again and again does not fill the disk with copies."""
    path = tmp_path / "x.db"
    for number in range(3):
        path.write_bytes(f"rubbish {number} ".encode() * 1000)
        database = Database(path, migrations=[ONE], disposable=True)
        assert _rows(database, "a") == [1]
        database.close()
    assert (tmp_path / "x.db.damaged").read_bytes().startswith(b"rubbish 2")
    assert {item.name for item in tmp_path.iterdir()} <= {"x.db", "x.db.damaged", "x.db.lock"}
