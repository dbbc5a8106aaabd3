"""Commits: what git tells of the past, read within bounds and without running anything that the repository configures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genloom.errors import RepositoryError

__all__ = ["MAX_COMMITS", "Commit", "read_commits"]

MAX_COMMITS = 5000
MAX_PATHS = 20
"""A commit that touches more says little about any of them."""
MAX_SUBJECT = 300
SECONDS = 10.0
MEGABYTES = 32

_SETTINGS = ("log.showSignature=false", "core.quotePath=false")
"""No signature is checked: that would start a program of the repository's choice."""
_LOG = (
    *("log", "--no-merges", "--no-renames", "--name-only", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--no-show-signature", "--no-decorate", "--no-notes", "--encoding=UTF-8", "--format=%x01%H %s"),
)


@dataclass(frozen=True)
class Commit:
    """A commit by its full hash: its message's first line, and the paths that it touched."""

    sha: str
    subject: str
    paths: tuple[str, ...]


def read_commits(root: Path, head: str, since: str | None = None) -> list[Commit] | None:
    """Return the commits that led to `head`, newest first: 5,000 at most, merges and those of over 20 files left out.

    With `since` only those after it; `None` when that is no ancestor of `head`. Raises `RepositoryError` when git is
    missing, refuses, or has more to tell than 32 MB or 10 seconds hold.
    """
    if since is not None:
        try:
            _git(root, "merge-base", "--is-ancestor", since, head)
        except RepositoryError:
            return None
    span = head if since is None else f"{since}..{head}"
    return list(_parsed(_git(root, *_LOG, f"--max-count={MAX_COMMITS}", span, "--")))


def _git(root: Path, *arguments: str) -> str:
    # imported here: they bring asyncio, and git is started only after a commit
    from genloom.portal import run_sync
    from genloom.tools.trusted_git import run_trusted_git

    return run_sync(
        run_trusted_git(*arguments, folder=root, settings=_SETTINGS, seconds=SECONDS, output_megabytes=MEGABYTES)
    )


def _parsed(log: str) -> Iterator[Commit]:
    for record in log.split("\x01")[1:]:
        first, _, rest = record.partition("\n")
        sha, _, subject = first.partition(" ")
        paths = tuple(path for path in rest.split("\n") if path)
        if 0 < len(paths) <= MAX_PATHS:
            yield Commit(sha, subject[:MAX_SUBJECT], paths)
