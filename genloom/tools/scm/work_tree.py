"""Where a folder's work tree begins."""

from __future__ import annotations

from pathlib import Path

from genloom.errors import RepositoryError

__all__ = ["find_work_tree"]


def find_work_tree(folder: Path) -> Path:
    """Return the root of the work tree that a folder lies in. Raises `RepositoryError` when it lies in none."""
    start = folder.absolute()
    for place in (start, *start.parents):
        if (place / ".git").exists():
            return place
    raise RepositoryError(f"{str(folder)!r} lies in no git repository.", hint="Run it in a clone, or name its folder.")
