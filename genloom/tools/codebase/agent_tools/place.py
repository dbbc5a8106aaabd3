"""Places: which paths of a repository a tool may open, and how it opens them without leaving it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from genloom.errors import UsageError
from genloom.tools.codebase.files.opening import LinkError, opened_inside

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
    """Open a file or folder below the root, through no link, and give its descriptor.

    Raises `UsageError` that says what is in the way.
    """
    shown = "/".join(parts)
    if not parts and not folder:
        raise UsageError("'.' is a folder: list_directory shows it.")
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(opened_inside(root, shown, folder=folder))
        except IsADirectoryError as error:
            raise UsageError(f"{shown!r} is a folder: list_directory shows it.") from error
        except LinkError as error:
            raise _unopened(shown, "a link, which is not followed, stands on the way") from error
        except OSError as error:
            raise _unopened(shown, (error.strerror or str(error)).lower()) from error
        yield descriptor


def _unopened(shown: str, why: str) -> UsageError:
    return UsageError(f"{(shown or '.')!a} cannot be opened: {why}.", hint=_HINT)
