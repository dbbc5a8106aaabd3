"""Opening: files of a repository by their path below its root, without a way out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from genloom.errors import StorageError

__all__ = ["LinkError", "demand_machine", "opened_inside", "parts_below"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # a pipe is not waited for


_MACHINE = frozenset([errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO])


class LinkError(OSError):
    """A link stands on the way, or the path leads out of the root."""


def demand_machine(error: OSError) -> None:
    """Raise `StorageError` for what is no fault of the file: no descriptors or memory left, or a disk that fails.

    The same file may be read a moment later; to take it for unreadable would empty an index.
    """
    if error.errno in _MACHINE:
        raise StorageError(
            f"The repository cannot be read now: {error.strerror}.",
            hint="Look at the limit of open files (`ulimit -n`), the memory and the disk; then try again.",
        ) from error


def parts_below(path: str) -> tuple[str, ...]:
    """Return the parts of a path below a root. Raises `LinkError` for an absolute path, one with `..`, and an empty one."""
    parts = Path(path).parts
    if not parts or parts[0] == os.sep or Path(path).is_absolute() or ".." in parts or "\0" in path:
        raise LinkError(f"{path!r} is no path below the root")
    return parts


@contextmanager
def opened_inside(root: Path, path: str, *, folder: bool = False) -> Iterator[int]:
    """Open a regular file below the root, or a folder (the root itself for an empty path), and give its descriptor.

    Each part is opened inside the folder before it and none may be a link, so that nothing can be put in the way between a
    look and the opening. Raises `LinkError`, `IsADirectoryError` for a folder in the place of a file, or `OSError` for what
    is not there, is neither, or has no possible name.
    """
    parts = parts_below(path) if path or not folder else ()
    descriptor = os.open(root, _FOLDER)
    try:
        for part in parts if folder else parts[:-1]:
            descriptor = _within(descriptor, part, _FOLDER)
        if not folder:
            _demand_regular(descriptor, parts[-1])  # a device is not even opened
            descriptor = _within(descriptor, parts[-1], _FILE)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError("no regular file")
        yield descriptor
    except UnicodeEncodeError as error:
        raise OSError("no possible name") from error
    finally:
        os.close(descriptor)


def _demand_regular(folder: int, name: str) -> None:
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        _refuse(folder, name, OSError("no regular file"))


def _within(folder: int, name: str, flags: int) -> int:
    """Open a name inside a folder, which is closed then."""
    try:
        inner = os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        _refuse(folder, name, error)
    os.close(folder)
    return inner


def _refuse(folder: int, name: str, error: OSError) -> NoReturn:
    """Raise the error, as `LinkError` when the name is a link."""
    try:
        is_link = stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        is_link = False
    raise LinkError(f"{name!r} is a link") if is_link else error
