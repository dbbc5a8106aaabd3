"""The folder beside the pinned modules for what is no part of them: locks, and records of what waits for a person."""

from __future__ import annotations

from pathlib import Path

__all__ = ["own_folder"]

_NAME = ".genloom"


def own_folder(directory: Path, purpose: str, *, make: bool = True) -> Path:
    """Return the folder for one purpose, made where it is missing; version control ignores it. Raises `OSError`."""
    home = directory / _NAME
    folder = home / purpose
    if make and not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        ignored = home / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")
    return folder
