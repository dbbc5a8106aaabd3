"""Snapshot: one state of an index, read on a connection of its own while others go on reading and writing it."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genloom.tools.codebase.index.index_file import reading

__all__ = ["Snapshot"]

State = tuple[int, int]


class Snapshot:
    """Follows one index, which is touched in `follow` alone. Who uses it holds its `lock`."""

    def __init__(self, file: Path | None = None) -> None:
        """`file` is the index's, just opened: what has its name later may be another one."""
        self._file = _identity(file) if file is not None else None
        self.lock = threading.RLock()
        self._own: sqlite3.Connection | None = None
        self._copied: State | None = None
        self._close = weakref.finalize(self, lambda: None)

    def follow(self, index: sqlite3.Connection) -> None:
        """Open the index's file once more, or copy an index in memory where it has changed. The caller holds the index."""
        state = (index.execute("PRAGMA data_version").fetchone()[0], index.total_changes)
        if self._own is not None and self._copied in (None, state):
            return
        self.close()
        file = _opened(index.execute("PRAGMA database_list").fetchone()[2], self._file)
        self._own, self._copied = (file, None) if file is not None else (_copy(index), state)
        self._close = weakref.finalize(self, self._own.close)

    @contextmanager
    def held(self) -> Iterator[tuple[sqlite3.Connection, State]]:
        """Hold the state that was followed last, or a later one of the file, for the length of a block."""
        if self._own is None:
            raise RuntimeError("follow an index first")
        with reading(self._own):
            version = self._own.execute("PRAGMA data_version").fetchone()[0]
            yield self._own, self._copied or (version, 0)

    def close(self) -> None:
        """Close the connection; it is opened anew by the next `follow`."""
        with self.lock:
            self._close()
            self._own = self._copied = None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _opened(path: str, identity: tuple[int, int] | None) -> sqlite3.Connection | None:
    """Open a file to read; `None` for an index in memory, or when the file is gone or another one: who has it open can go
    on with it."""
    if not path:
        return None
    try:
        own = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
    except sqlite3.Error:
        return None
    try:
        own.execute("PRAGMA schema_version")
        if identity is not None and _identity(Path(path)) == identity:
            return own
    except sqlite3.Error:  # the copy is made of what can be read, or tells why it cannot
        pass
    own.close()
    return None


def _copy(index: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    index.backup(copy)
    return copy
