"""Anchors: packages whose `__init__.py` installs an import hook, which code under check is not to have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["inert_anchors"]

MAX_BYTES = 200_000
_HOOK = b"install_import_hook("


def inert_anchors(repository: str | Path, paths: Iterable[str]) -> dict[str, str]:
    """Return an empty text for each `__init__.py` above one of the paths (relative to the repository) that installs
    genloom's import hook: the modules beside it are plain files then, whatever the interpreter has installed. Reads the
    disk."""
    above = {folder.as_posix() for path in paths for folder in Path(path).parents if folder.parts}
    names = (f"{folder}/__init__.py" for folder in sorted(above))
    return {name: "" for name in names if _HOOK in _start(Path(repository, name))}


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except OSError:
        return b""
