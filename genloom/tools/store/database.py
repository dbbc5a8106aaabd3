"""SQLite files as all of genloom opens them: private, safe for several threads and processes, migrated under a lock.

A file is *durable* (what it holds is held nowhere else: it is never touched when damaged) or *disposable* (it can be
made again: a damaged one is set aside and rebuilt).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from genloom.errors import StorageError

__all__ = ["DamagedDatabaseError", "Database", "Migration", "private_folder", "storage_errors"]

Migration = Sequence[str]
"""The statements that lead from one schema number to the next."""

BUSY_SECONDS = 10.0
_RETRY_SECONDS = 0.02

_FULL = ("the disk is full", "Free some space, or set GENLOOM_HOME to a folder on another disk.")
_READ_ONLY = (
    "it cannot be written",
    "Check the permissions of the file and its folder, or set GENLOOM_HOME elsewhere.",
)
_CANNOT_OPEN = (
    "it cannot be opened",
    "Check the permissions of the file and its folder, or set GENLOOM_HOME elsewhere.",
)
_BUSY = (f"another process held it for more than {BUSY_SECONDS:g} seconds", "Try again when that process is done.")
_IO = ("reading or writing it failed", "Check the disk, or set GENLOOM_HOME to a folder on another disk.")
_DAMAGED = (
    "it is damaged or no database of genloom's",
    "Move the file away and start again, or restore it from a backup.",
)

_REASONS = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _CANNOT_OPEN,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_IOERR: _IO,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_ERROR: _DAMAGED,  # a table or column is missing: the statements themselves are fixed and tested
}


class DamagedDatabaseError(StorageError):
    """The file is damaged, or was laid out by something else."""


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise inside the block into a `StorageError` that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None or code & 0xFF not in _REASONS:
            raise  # the program's own mistake, not the file's state
        why, hint = _REASONS[code & 0xFF]
        kind = DamagedDatabaseError if (why, hint) == _DAMAGED else StorageError
        raise kind(f"{path}: {why} ({error}).", hint=hint) from error
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}.", hint=_READ_ONLY[1]) from error


def private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, for this user alone (mode 0700). What is there is left as it is.

    Raises `StorageError`.
    """
    with storage_errors(folder):
        for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(20, "is not a folder")


class Database:
    """One SQLite file, opened on first use and again after a fork.

    Threads share one connection under a lock; processes share the file by WAL, with a busy wait of 10 seconds. The file
    has mode 0600 in a folder of mode 0700. `migrations` lead to the newest schema, whose number is their count;
    `lay_out` is for tables that a library makes itself, and must be safe to call again. With
    `synchronous="FULL"` a commit survives the loss of power, with `"NORMAL"` the death of the process. Every method
    raises `StorageError` when the file cannot serve, also when a newer genloom laid it out.
    """

    def __init__(
        self,
        path: Path,
        *,
        migrations: Sequence[Migration] = (),
        lay_out: Callable[[sqlite3.Connection], None] | None = None,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        disposable: bool = False,
    ) -> None:
        self.path = path
        self._migrations = migrations
        self._lay_out = lay_out
        self._synchronous = synchronous
        self._disposable = disposable
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._inode = 0

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Hold the file's write lock for the block: all of it is committed, or none when the block raises."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """See the file as it is at the first statement of the block, for all of the block."""
        with self._transaction("BEGIN") as connection:
            yield connection

    def run(self, statement: str) -> None:
        """Run one statement that cannot stand in a transaction, such as a vacuum."""
        with self._lock, storage_errors(self.path):
            self._open().execute(statement).fetchall()

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        with self._lock:
            self._drop()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with storage_errors(self.path):
                    connection = self._open()
                    try:
                        connection.execute(begin)
                        yield connection
                        connection.execute("COMMIT")
                    except BaseException:  # Ctrl-C at any of the three lines leaves no transaction open
                        _roll_back(connection)
                        raise
            except DamagedDatabaseError:
                if self._disposable:
                    self._set_aside()
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._process == os.getpid():
            return self._connection
        try:
            self._connection = self._connect()
        except DamagedDatabaseError:
            if not self._disposable:
                raise
            self._set_aside()
            self._connection = self._connect()
        self._process = os.getpid()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        private_folder(self.path.parent)
        with storage_errors(self.path):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._inode = self.path.stat().st_ino
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before the first table
        _use_wal(connection)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        if self._lay_out is not None:
            self._lay_out(connection)
        self._migrate(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._check_version(connection) == len(self._migrations):
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            for migration in self._migrations[self._check_version(connection) :]:  # another process may have been first
                for statement in migration:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise

    def _check_version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(self._migrations):
            raise StorageError(
                f"{self.path} was laid out by a newer genloom (schema {version}, this one knows {len(self._migrations)}).",
                hint="Upgrade genloom, or set GENLOOM_HOME to another folder.",
            )
        return version

    def _set_aside(self) -> None:
        """Rename the damaged file (one is kept), unless another process has put a new one in its place already."""
        from filelock import FileLock  # imported here: it costs 50 ms and a sound file never needs it

        self._drop()
        aside = self.path.with_name(f"{self.path.name}.damaged")
        with storage_errors(self.path), FileLock(f"{self.path}.lock", timeout=BUSY_SECONDS, mode=0o600):
            if self.path.exists() and self.path.stat().st_ino == self._inode:
                self.path.replace(aside)
                for tail in ("-wal", "-shm"):
                    self.path.with_name(self.path.name + tail).unlink(missing_ok=True)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():  # a parent's connection is not ours to close
            with suppress(sqlite3.Error):
                connection.close()


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # a full disk may have rolled back by itself
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging. The busy wait does not cover the switch itself, so it is tried again until then."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return
