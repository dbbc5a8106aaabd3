"""The index file: one SQLite database for each repository, which several processes can use at once.

Each version has a file of its own, and a broken one is thrown away and built anew: everything in it can be read again from
the repository. One transaction holds a whole refresh, so a process that is killed leaves the index as it was.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from genloom.errors import StorageError
from genloom.tools.codebase.outlines.languages import OUTLINE_VERSION
from genloom.tools.store.database import private_folder

__all__ = ["SCHEMA_VERSION", "index_path", "open_index", "reading", "writing"]

TABLES_VERSION = 8
SCHEMA_VERSION = TABLES_VERSION * 10_000 + OUTLINE_VERSION
"""Of the tables, and of the outlines that are kept in them: an index with another one is built anew."""
BUSY_SECONDS = 60.0
WAIT_SECONDS = 600.0
"""The longest wait for another process that indexes."""
MAX_INDEXES = 64
UNUSED_SECONDS = 14 * 86_400.0
"""An older version's index of the same repository that was not written for so long is taken for unused."""

SCHEMA = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL,
    checked_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, language TEXT NOT NULL, skipped TEXT NOT NULL,
    has_errors INTEGER NOT NULL, lines INTEGER NOT NULL, path_length INTEGER NOT NULL, lengths BLOB NOT NULL);
CREATE TABLE symbols (
    file_id INTEGER NOT NULL, ordinal INTEGER NOT NULL, parent INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    qualified TEXT NOT NULL, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, head_line INTEGER NOT NULL,
    signature TEXT NOT NULL, doc TEXT NOT NULL, details TEXT NOT NULL, PRIMARY KEY (file_id, ordinal)) WITHOUT ROWID;
CREATE INDEX symbols_by_name ON symbols (name);
CREATE TABLE imports (
    file_id INTEGER NOT NULL, ordinal INTEGER NOT NULL, module TEXT NOT NULL, name TEXT NOT NULL, alias TEXT NOT NULL,
    line INTEGER NOT NULL);
CREATE INDEX imports_by_file ON imports (file_id);
CREATE INDEX imports_by_module ON imports (module);
CREATE INDEX imports_by_name ON imports (name, module);
CREATE TABLE mentions (
    file_id INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL,
    ordinal INTEGER NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (file_id, number)) WITHOUT ROWID;
CREATE INDEX mentions_by_name ON mentions (name);
CREATE TABLE exports (file_id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (file_id, name)) WITHOUT ROWID;
CREATE TABLE generations (id INTEGER PRIMARY KEY AUTOINCREMENT, files INTEGER NOT NULL);
CREATE TABLE postings (
    generation INTEGER NOT NULL, term TEXT NOT NULL, heads BLOB NOT NULL, places BLOB NOT NULL,
    PRIMARY KEY (generation, term)) WITHOUT ROWID;
CREATE TABLE dead_files (file_id INTEGER PRIMARY KEY);
CREATE TABLE history (head TEXT NOT NULL, trouble TEXT NOT NULL, asked_ns INTEGER NOT NULL);
CREATE TABLE commits (id INTEGER PRIMARY KEY, sha TEXT NOT NULL, size INTEGER NOT NULL);
CREATE TABLE commit_terms (
    term TEXT NOT NULL, commit_id INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (term, commit_id)) WITHOUT ROWID;
CREATE TABLE commit_files (
    commit_id INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (commit_id, path)) WITHOUT ROWID;
"""


def index_path(cache: Path, root: Path) -> Path:
    """Return where the index of the repository at `root` lies inside the cache folder.

    The version is part of the name: an older genloom that still runs keeps to its own file and never writes into this one.
    """
    name = hashlib.sha256(str(root).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return cache / "index" / f"{name}-{SCHEMA_VERSION}.sqlite"


def open_index(path: Path | None) -> sqlite3.Connection:
    """Open the index (in memory without a path), made or made anew where it is missing, broken or of another version.

    Raises `StorageError` when the file cannot be made.
    """
    try:
        if path is None:
            return _prepared(":memory:")
        private_folder(path.parent)
        if not path.exists():
            _make_room(path)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            return _prepared(str(path))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            _remove(path)  # not a database: a disposable file, built anew
            return _prepared(str(path))
    except (OSError, sqlite3.Error, StorageError) as error:
        reason = error.message.rstrip(".") if isinstance(error, StorageError) else error
        raise StorageError(
            f"The index of the repository cannot be kept at {path}: {reason}.",
            hint="Make the cache folder writable, or set GENLOOM_HOME to one that is.",
        ) from error


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold one state of the index for the length of a block, whatever other processes write meanwhile. Inside
    `writing`, that is what was written so far.

    Raises `StorageError` when the file can no longer be read.
    """
    if connection.in_transaction:
        yield
        return
    try:
        connection.execute("BEGIN")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"The index of the repository cannot be read: {error}.",
            hint="Delete the cache folder's `index`; it is made anew.",
        ) from error


@contextmanager
def writing(connection: sqlite3.Connection, deadline: float | None = None) -> Iterator[bool]:
    """Hold the one write transaction for the length of a block: all of it is kept, or nothing.

    Waits for another process that writes, until `deadline` (of `time.monotonic`), then gives `False` and holds nothing;
    without one for up to ten minutes. Raises `StorageError` when the disk is full or that wait is over.
    """
    try:
        if not _begun(connection, deadline):
            yield False
            return
        yield True
        connection.execute("COMMIT")
    except BaseException as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.DatabaseError):
            raise StorageError(
                f"The index of the repository cannot be written: {error}.",
                hint="Free some disk space, wait until another indexing process is done, or delete the cache's `index`.",
            ) from error
        raise


def _begun(connection: sqlite3.Connection, deadline: float | None) -> bool:
    """Begin to write, once no other process does; return whether that was before the deadline."""
    last = time.monotonic() + WAIT_SECONDS if deadline is None else deadline
    while True:
        wait = min(max(last - time.monotonic(), 0.0), 1.0)  # Ctrl-C is heard between two waits
        connection.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or (deadline is None and time.monotonic() >= last):
                raise
            if time.monotonic() >= last:
                return False
        else:
            return True
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")


def _prepared(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            _rebuild(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging. The busy wait does not cover the switch itself, so it is tried again until then."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _rebuild(connection: sqlite3.Connection) -> None:
    """Empty the database and make the tables, unless another process did so meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
        connection.execute("ROLLBACK")
        return
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f'DROP TABLE "{table}"')
    for statement in SCHEMA.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _make_room(new: Path) -> None:
    """Remove the indexes that were written longest ago, so that one more keeps the folder within its bound, and those of
    the new one's repository that no other version seems to use any more."""
    repository = f"{new.name.partition('-')[0]}-"
    written: dict[Path, float] = {}
    for path in new.parent.glob("*.sqlite"):
        with suppress(FileNotFoundError):  # another process made room meanwhile
            written[path] = path.stat().st_mtime
    unused = time.time() - UNUSED_SECONDS
    for number, path in enumerate(sorted(written, key=written.__getitem__, reverse=True), 1):
        if number >= MAX_INDEXES or (path.name.startswith(repository) and written[path] < unused):
            _remove(path)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
