"""Who makes a file anew: the first to record it, and not those who record it at the same time."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["Beginning", "lock_of"]

_known: WeakValueDictionary[Path, _Began] = WeakValueDictionary()
_lock = threading.Lock()


def lock_of(file: Path, folder: Path, *, kind: str = "lock", seconds: float = 60) -> BaseFileLock:
    """Return the lock that processes share for a recording's file."""
    from filelock import FileLock  # here: who replays never needs it

    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:16]
    return FileLock(folder / f"{name}.{kind}", timeout=seconds, thread_local=False)


class _Began:
    """That a file is being made anew, kept by all recordings that write it, and gone with the last of them."""

    def __init__(self) -> None:
        self.begun = False
        self.held: BaseFileLock | None = None


class Beginning:
    """One recording's part in making a file anew."""

    def __init__(self, file: Path, folder: Path) -> None:
        self._file, self._folder = file, folder
        self._joined = False
        with _lock:
            known = _known.get(file)
            self._began = None if known is not None and known.begun else known or self._new()

    def begin(self) -> bool:
        """Return whether the file is to be made anew now: false when that was done, by this recording or one that is
        recording it at the same time, in whichever process. To be called under the file's own lock."""
        from filelock import Timeout  # here: who replays never needs it

        with _lock:
            if self._joined:
                return False
            self._joined = True
            began = self._began = self._began or _known.get(self._file) or self._new()
            if began.begun:
                return False
            began.begun = True
            began.held = lock_of(self._file, self._folder, kind="recording", seconds=0)
            try:
                began.held.acquire()
            except Timeout:
                return False
            return True

    def _new(self) -> _Began:
        _known[self._file] = began = _Began()
        return began
