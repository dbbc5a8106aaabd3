"""Open codebases: the indexes that this process holds open, by the path of their repository."""

from __future__ import annotations

from pathlib import Path

from genloom.config import Settings, load_settings
from genloom.errors import RepositoryError
from genloom.registry import Registry
from genloom.tools.codebase.codebase import Codebase

__all__ = ["codebases", "open_codebase", "repository_root"]

_SEPARATOR = "\0"


def _open(name: str) -> Codebase:
    root, separator, cache = name.partition(_SEPARATOR)
    return Codebase(root, cache=Path(cache) if separator else load_settings().cache)


codebases: Registry[Codebase] = Registry(_open, size=8)
"""Open codebases by the path of their root, as `GraphContext.repository` names it. What a caller registers under a path
is used for it; others are opened with the run's cache folder. The eight used last stay open; one that is dropped closes
as soon as nobody uses it any more."""


def open_codebase(repository: str, settings: Settings) -> Codebase:
    """Return the index of a repository: the one that a caller registered under its path, else one kept in the cache folder.

    Raises `RepositoryError` when there is no such folder.
    """
    if repository in codebases.names():
        return codebases.get(repository)
    root = str(repository_root(repository))
    return codebases.get(root if root in codebases.names() else f"{root}{_SEPARATOR}{settings.cache}")


def repository_root(repository: str) -> Path:
    """Return a repository's real path. Raises `RepositoryError` for a name that is none."""
    try:
        return Path(repository).expanduser().resolve()
    except (OSError, ValueError, RuntimeError) as error:
        message = f"The repository {repository!r} cannot be read: {error}."
        raise RepositoryError(message, hint="Give the folder that holds the project's code.") from error
