"""The fingerprint of a repository's tree: what code that runs inside it could import or read."""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from genloom.tools.codebase.files.tree import MARKS_OF_NO_SOURCE, MAX_FILES, unreadable_root

__all__ = ["tree_fingerprint"]

NOT_ENTERED = frozenset(
    ".git .hg .svn .jj __pycache__ .cache .eggs .hypothesis .ipynb_checkpoints .mypy_cache .nox .pytest_cache .pytype "
    ".ruff_cache .tox".split()
)
"""Folders of version control, and caches of tools."""

Known = tuple[int, int, str]
"""Size, time of change in nanoseconds and sha256 of an indexed file."""


class _TooManyFilesError(Exception):
    """The tree is beyond its bound."""


def tree_fingerprint(
    root: Path, known: Mapping[str, Known], leave_out: Iterable[Path] = (), *, max_files: int = MAX_FILES
) -> str:
    """Return a sha256 over all files under `root`, each by its path with its content or its size and time of change.

    `known` gives the content's hash by the path relative to the root; it counts while size and time still fit. A link
    counts by its target's name, and by the size and time of a file that it leads to; the folder behind a link is not
    entered. Left out: version control's own folders, caches (by name, or marked by `CACHEDIR.TAG`), virtual environments
    (`pyvenv.cfg`), and the folders of `leave_out`. Beyond `max_files` the value is random and never repeats. Raises
    `RepositoryError` when the root cannot be listed.
    """
    digest = hashlib.sha256()
    skipped = {os.path.realpath(folder) for folder in leave_out}
    try:
        for path, facts in _entries(os.path.realpath(root), skipped, max_files):
            size, mtime_ns, sha256 = known.get(path, (-1, -1, ""))
            told = sha256 if (size, mtime_ns) == facts[1:3] else repr(facts)
            digest.update(f"{path}\0{told}\0".encode("utf-8", "surrogateescape"))
    except _TooManyFilesError:
        return f"unrepeatable-{uuid.uuid4().hex}"
    return digest.hexdigest()


def _entries(root: str, skipped: set[str], left: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield each file's path relative to the root with what is known of it: kind, size, time, and a link's target."""
    folders = [root]
    while folders:
        folder = folders.pop()
        prefix = f"{folder[len(root) :].lstrip('/')}/".removeprefix("/")
        entries = _listed(folder, is_root=folder == root)
        left -= len(entries or ())
        if left < 0:
            raise _TooManyFilesError
        if entries is None:
            yield prefix, ("unreadable",)
        elif folder == root or not any(entry.name in MARKS_OF_NO_SOURCE for entry in entries):
            inner = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
            folders += [e.path for e in inner if e.name not in NOT_ENTERED and e.path not in skipped]
            files = (entry for entry in entries if entry.name != ".git" and not entry.is_dir(follow_symlinks=False))
            yield from ((f"{prefix}{entry.name}", _facts(entry)) for entry in files)


def _listed(folder: str, *, is_root: bool) -> list[os.DirEntry[str]] | None:
    """Return a folder's entries in the order of their names; `None` when it cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            return sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        if is_root:
            raise unreadable_root(folder, error) from error
        return None


def _facts(entry: os.DirEntry[str]) -> tuple[object, ...]:
    try:
        target = str(Path(entry.path).readlink()) if entry.is_symlink() else ""
        status = entry.stat()
    except OSError:  # gone meanwhile, or a link that leads nowhere
        return ("missing",)
    kind = stat.S_IFMT(status.st_mode)
    return (kind, status.st_size, status.st_mtime_ns, target) if stat.S_ISREG(kind) else (kind, target)
