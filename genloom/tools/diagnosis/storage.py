"""The data folders: whether they can be written, and how large they are."""

from __future__ import annotations

import os
import tempfile
from itertools import islice
from pathlib import Path

from genloom.config import Settings
from genloom.tools.diagnosis.diagnosis import Diagnosis

__all__ = ["examine_storage"]

MAX_FILES = 20_000
_FREE_BYTES = 50_000_000


def examine_storage(settings: Settings) -> tuple[Diagnosis, ...]:
    """Return how the folders for durable and for disposable data stand. A folder that is missing is not made: the
    nearest one above it must be writable."""
    return (
        _folder("data folder", settings.home, "threads and journals", needed=True),
        _folder("cache folder", settings.cache, "results and indexes", needed=False),
    )


def _folder(area: str, folder: Path, what: str, *, needed: bool) -> Diagnosis:
    problem, free = _problem(folder)
    size = _size(folder)
    facts = {"path": str(folder), "bytes": size, "free_bytes": free}
    if problem:
        hint = "Set GENLOOM_HOME to a folder on a disk with space that you may write to."
        return Diagnosis(
            area=area, state="problem", message=f"{folder}: {problem}", hint=hint, needed=needed, facts=facts
        )
    message = f"{folder} ({what}): {size / 1e6:.1f} MB, {free / 1e9:.1f} GB free"
    return Diagnosis(area=area, state="ok", message=message, needed=needed, facts=facts)


def _problem(folder: Path) -> tuple[str, int]:
    """Return why the folder cannot be used (empty when it can), and the free bytes of its disk."""
    there = next((path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()), None)
    if there is None or not there.is_dir():
        return f"{there or folder} is not a folder", 0
    try:
        space = os.statvfs(there)
        free = space.f_bavail * space.f_frsize
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"genloom")
    except OSError as error:
        return f"it cannot be written ({error.strerror})", 0
    return ("its disk is nearly full" if free < _FREE_BYTES else ""), free


def _size(folder: Path) -> int:
    """Return the bytes of the files in a folder, of the first 20,000 when there are more."""
    total = 0
    for path in islice(folder.rglob("*"), MAX_FILES):
        try:
            total += path.lstat().st_size if path.is_file() else 0
        except OSError:  # gone meanwhile
            continue
    return total
