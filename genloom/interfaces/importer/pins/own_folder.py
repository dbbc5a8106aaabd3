"""The folder beside the pinned modules for what is no part of them: locks, and records of what waits for a person."""

from __future__ import annotations

import errno
import hashlib
import importlib
from pathlib import Path

__all__ = ["file_stem", "own_folder"]

_NAME = ".genloom"
MAX_STEM = 100


def own_folder(directory: Path, purpose: str, *, make: bool = True) -> Path:
    """Return the folder for one purpose, made where it is missing; version control ignores it.

    Raises `OSError`, also for a symbolic link, which could lead anywhere.
    """
    home = directory / _NAME
    folder = home / purpose
    if make and (home.is_symlink() or folder.is_symlink()):
        raise OSError(errno.ELOOP, "a symbolic link leads elsewhere", str(home))
    if make and not folder.is_dir():
        is_new = not directory.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        if is_new:
            importlib.invalidate_caches()  # Python remembers of a folder that it was not there
        ignored = home / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")
    return folder


def file_stem(module: str) -> str:
    """Return the name of a module's file in that folder, without its ending; a long name's stands for it."""
    return module if len(module) <= MAX_STEM else hashlib.sha256(module.encode()).hexdigest()
