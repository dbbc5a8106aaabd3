"""Places: which paths of a repository a tool may open, and how it opens them without leaving it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from genloom.errors import UsageError

__all__ = ["HIDDEN_FOLDERS", "opened", "parts_of"]

HIDDEN_FOLDERS = frozenset([".git", ".hg", ".svn", ".jj"])
"""Version control's own folders: they hold hooks, credentials and everything that was ever deleted."""

_HINT = "Give a path relative to the repository's root, as list_directory and search_code show it."


def parts_of(root: Path, path: str) -> tuple[str, ...]:
    """Return the parts of a path below the root; empty for the root itself.

    An absolute path counts when it lies below the root as it is written. Raises `UsageError` for `..`, for a path
    elsewhere, and for version control's own folders.
    """
    named = PurePosixPath(path.strip().replace("\\", "/"))
    if named.is_absolute():
        if not named.is_relative_to(root.as_posix()):
            raise UsageError("That path is outside of the repository.", hint=_HINT)
        named = named.relative_to(root.as_posix())
    if ".." in named.parts or "\0" in path:
        raise UsageError("A path with `..` is not followed.", hint=_HINT)
    if any(part.casefold() in HIDDEN_FOLDERS for part in named.parts):
        raise UsageError("Version control's own folders are not shown.")
    return named.parts


@contextmanager
def opened(root: Path, parts: tuple[str, ...], *, folder: bool = False) -> Iterator[int]:
    """Open a file or folder below the root, part by part, and give its descriptor.

    No part may be a link, also when it becomes one meanwhile: each is opened inside the folder before it. Raises
    `UsageError` that says what is in the way.
    """
    shown = "/".join(parts) or "."
    descriptor = _open_at(root, None, shown, folder=True)
    try:
        for number, part in enumerate(parts, 1):
            inner = _open_at(part, descriptor, shown, folder=folder or number < len(parts))
            os.close(descriptor)
            descriptor = inner
        if not folder and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            kind = "folder: list_directory shows it" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "special file"
            raise UsageError(f"{shown!r} is a {kind}.")
        yield descriptor
    finally:
        os.close(descriptor)


def _open_at(name: str | Path, inside: int | None, shown: str, *, folder: bool) -> int:
    # a pipe must not be waited for, a device not be made the terminal
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    if inside is not None:  # the root's own path was resolved when the codebase was opened
        flags |= os.O_NOFOLLOW
    if folder:
        flags |= os.O_DIRECTORY
    try:
        mode = os.stat(name, dir_fd=inside, follow_symlinks=inside is None).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            raise UsageError(f"{shown!r} is a special file.")  # a device is not even opened
        return os.open(name, flags, dir_fd=inside)
    except (OSError, UnicodeEncodeError) as error:
        raise UsageError(f"{shown!a} cannot be opened: {_why(error, name, inside)}.", hint=_HINT) from error


def _why(error: OSError | UnicodeEncodeError, name: str | Path, inside: int | None) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "no file can have that name"
    try:
        if inside is not None and stat.S_ISLNK(os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode):
            return "a link, which is not followed, stands on the way"
    except OSError:
        pass
    return (error.strerror or "it cannot be read").lower()
