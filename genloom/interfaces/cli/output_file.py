"""The file that `--out` names: looked at when the command starts, written at its end."""

from __future__ import annotations

import os
from pathlib import Path

from genloom.errors import StorageError
from genloom.tools.store.atomic_file import file_sha256, write_atomically

__all__ = ["OutputFile"]


class OutputFile:
    """A file to be written once, whole, unless it changed since this object was made.

    Raises `StorageError` at once when it could not be written later: better before a long run than after it.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        hint = "Choose another path for --out."
        if "\0" in path or self.path.is_dir():
            raise StorageError(f"--out {path!r} is no file.", hint=hint)
        if not self.path.parent.is_dir():
            raise StorageError(f"The folder of --out {path!r} does not exist.", hint="Make it first.")
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise StorageError(f"The folder of --out {path!r} is not writable.", hint=hint)
        if self.path.is_symlink():
            raise StorageError(
                f"--out {path!r} is a symbolic link.", hint=f"Give the file itself: {self.path.resolve()}."
            )
        self._sha256 = file_sha256(self.path)

    def write(self, content: str | bytes) -> str:
        """Write the file and return its absolute path. Raises `StorageError`, with the old file untouched."""
        write_atomically(self.path, content, expected_sha256=self._sha256)
        return str(self.path.absolute())


def opened(path: str | None) -> OutputFile | None:
    """Return the output file of an option, `None` without one."""
    return None if path is None else OutputFile(path)
