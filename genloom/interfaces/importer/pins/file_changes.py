"""Several files changed together: all of them, or none."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from genloom.errors import StorageError

__all__ = ["change_files"]

LEFT_SECONDS = 3600.0
_MARK = ".genloom-"


def change_files(folder: Path, changes: Mapping[Path, bytes | None]) -> None:
    """Write each file, or remove it (`None`); missing folders below `folder` are made.

    Everything is written aside first, so that a full disk is noticed before a file is touched; then each file is replaced
    at once, in the order given. Raises `StorageError` when a file lies outside `folder`, is a symbolic link, or cannot be
    written; then every file is as it was.
    """
    made: list[Path] = []
    aside: dict[Path, Path] = {}
    kept: dict[Path, Path | None] = {}
    _clear({path.parent for path in changes})
    try:
        for path, content in changes.items():
            made += _make_parents(path, folder)
            if content is not None:
                aside[path] = _temporary(path)
                _write_new(aside[path], content)
        for path in changes:
            kept[path] = _keep(path)
            _replace(path, aside.get(path))
    except BaseException as error:
        _undo(kept, made, tuple(aside.values()))
        if isinstance(error, OSError):
            raise StorageError(
                f"{error.filename or folder} cannot be written: {error.strerror or error}.",
                hint="Check the folder, its permissions and the space on the disk.",
            ) from error
        raise
    for old in kept.values():
        if old is not None:
            old.unlink(missing_ok=True)


def _make_parents(path: Path, folder: Path) -> list[Path]:
    missing = [parent for parent in path.parents if parent.is_relative_to(folder) and not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
    if path.is_symlink() or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise StorageError(f"{path} leads outside {folder}.", hint="Take the symbolic link away that leads there.")
    return missing


def _clear(folders: Iterable[Path]) -> None:
    """Remove what a process left that was stopped in the midst."""
    for left in [left for folder in folders for left in folder.glob(f"{_MARK}*.tmp")]:
        with suppress(OSError):
            if time.time() - left.stat().st_ctime > LEFT_SECONDS:
                left.unlink()


def _temporary(path: Path) -> Path:
    return path.with_name(f"{_MARK}{secrets.token_hex(8)}.tmp")


def _write_new(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep(path: Path) -> Path | None:
    """Return a second name of what stands there, `None` when nothing does."""
    if not path.exists():
        return None
    kept = _temporary(path)
    try:
        kept.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copy2(path, kept)
    return kept


def _replace(path: Path, new: Path | None) -> None:
    if new is None:
        path.unlink(missing_ok=True)
        return
    with suppress(FileNotFoundError):
        new.chmod(path.stat().st_mode & 0o777)
    new.replace(path)


def _undo(kept: Mapping[Path, Path | None], made: list[Path], aside: tuple[Path, ...]) -> None:
    """Put everything back as far as the system lets us: what failed first is what the caller hears of."""
    for path, old in reversed(tuple(kept.items())):
        with suppress(OSError):
            if old is None:
                path.unlink(missing_ok=True)
            else:
                old.replace(path)
                old.unlink(missing_ok=True)  # of two names of one file, replacing leaves both
    for temporary in aside:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    for folder in made:
        with suppress(OSError):
            folder.rmdir()
