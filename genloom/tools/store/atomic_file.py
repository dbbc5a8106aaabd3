"""Writing a file whole or not at all, and never over what changed meanwhile."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from genloom.errors import StorageError

__all__ = ["OVERWRITE", "file_sha256", "write_atomically"]

OVERWRITE: Final = "*"
"""In place of a hash: whatever stands there may be replaced."""

_CHANGED = "Look at the file, move it away or choose another path, and try again."
_UNWRITABLE = "Check the folder, its permissions and the space on the disk, or choose another path."


def file_sha256(path: Path) -> str | None:
    """Return the sha256 of a file's bytes in hex, `None` when there is no file. Raises `StorageError`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.", hint=_UNWRITABLE) from error


def write_atomically(path: Path, content: str | bytes, *, expected_sha256: str | None) -> str:
    """Write text (in UTF-8) or bytes, so that a reader sees the old file or the new one, and return the sha256 of the new.

    `expected_sha256` is the hash of what the caller read: `None` when there was no file, `OVERWRITE` for whatever is
    there. Raises `StorageError`, with the old file untouched and nothing left beside it, when the file is not what was
    expected, is no regular file, or cannot be written. A symbolic link at `path` itself is refused, because to follow it
    writes where nobody asked for and to replace it breaks it; links among the folders above are followed. Permission
    bits of a replaced file are kept. A new file never replaces one that appears meanwhile; between the last look at an
    existing file and its replacement a few microseconds remain.
    """
    try:
        data = content.encode("utf-8") if isinstance(content, str) else content
    except UnicodeEncodeError as error:
        raise StorageError(f"{path} was not written: its text holds no valid Unicode ({error.reason}).") from error
    try:
        mode = _replaced_mode(path)
        _check_unchanged(path, expected_sha256)
        _replace(path, data, expected_sha256, mode)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.", hint=_UNWRITABLE) from error
    return hashlib.sha256(data).hexdigest()


def _replaced_mode(path: Path) -> int | None:
    """Return the permission bits of the file that stands there, `None` when there is none."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise StorageError(f"{path} is a symbolic link.", hint=f"Give the file itself: {path.resolve()}.")
    if not stat.S_ISREG(found.st_mode):
        raise StorageError(f"{path} is not a regular file.", hint="Choose another path.")
    return stat.S_IMODE(found.st_mode) & 0o777


def _check_unchanged(path: Path, expected: str | None) -> None:
    if expected == OVERWRITE:
        return
    found = file_sha256(path)
    if found == expected:
        return
    if expected is None:
        raise StorageError(f"{path} exists already.", hint=_CHANGED)
    what = "is gone" if found is None else "has changed"
    raise StorageError(f"{path} {what} since it was read.", hint=_CHANGED)


def _replace(path: Path, data: bytes, expected: str | None, mode: int | None) -> None:
    temporary = path.with_name(f".genloom-{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, data, mode)
        _check_unchanged(path, expected)
        if expected is None:
            _link_new(temporary, path)
        else:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _write_new(temporary: Path, data: bytes, mode: int | None) -> None:
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)  # less the umask
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        if mode is not None:
            os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _link_new(temporary: Path, path: Path) -> None:
    """Give the file its name, unless the name was taken meanwhile: a rename would replace that file."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError as error:
        raise StorageError(f"{path} exists already.", hint=_CHANGED) from error
    except OSError:  # a file system without hard links
        if path.exists():
            raise StorageError(f"{path} exists already.", hint=_CHANGED) from None
        temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
