"""What changed in a work tree since a revision, as git tells it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from genloom.errors import RepositoryError
from genloom.state.diff import FileDiff, Hunk
from genloom.tools.codebase.files.source import read_inside
from genloom.tools.git_command import run_git
from genloom.tools.git_settings import work_tree_at
from genloom.tools.scm.diff import MAX_DIFF_FILES, read_diff
from genloom.tools.scm.git_conditions import settings_for
from genloom.tools.trusted_git import run_trusted_git

__all__ = ["git_changes"]

MAX_NEW_FILE_BYTES = 2_000_000
MAX_REVISION = 200
DIFF_MEGABYTES = 20

_DIFF = (
    *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--find-renames", "--submodule=short"),
    "--ignore-submodules=dirty",  # else git runs in each, by settings of its own
    *("--src-prefix=a/", "--dst-prefix=b/", "--unified=3"),
)


async def git_changes(folder: Path, revision: str) -> tuple[FileDiff, ...]:
    """Return how the work tree at `folder` differs from a revision, in the order of paths; files that git does not know
    yet are added ones, unless the repository or its user ignores them. Line ends are compared as the user's git does.

    `revision` names one commit as git does (`HEAD~1`, `main`, a hash); with `...` behind it, the last commit that it has in
    common with `HEAD`, from which a branch began. Neither hooks nor programs that the repository's settings name are run,
    nothing is written, and the work tree is this folder whatever they say; changes within submodules are not told.
    Raises `RepositoryError` for a folder that is no work tree's root or is another user's (unless trusted by
    `safe.directory`), a revision that git does not know, and a difference of more than 20 MB; `RequestError` for one of more
    than 5,000 files.
    """
    commit = await _commit(folder, revision)  # git looks here whose the repository is
    settings, place = await settings_for(folder), work_tree_at(folder)
    told = await run_git(
        *place, *_DIFF, commit, "--", folder=folder, settings=settings, output_megabytes=DIFF_MEGABYTES
    )
    names = await run_git(*place, "ls-files", "--others", "--exclude-standard", "-z", folder=folder, settings=settings)
    added = [name for name in names.split("\0") if name and not name.endswith("/")]
    if len(added) > MAX_DIFF_FILES:
        raise RepositoryError(
            f"{len(added):,} files are new, which is more than is taken.", hint="Let .gitignore leave out what is made."
        )
    new = [await asyncio.to_thread(_new_file, folder, name) for name in added]
    return tuple(sorted((*read_diff(told), *new), key=lambda file: file.path))


async def _commit(folder: Path, revision: str) -> str:
    name = revision.removesuffix("...")
    if not name or len(name) > MAX_REVISION or name.startswith("-") or ".." in name or not name.isprintable():
        raise RepositoryError(
            f"{revision[:MAX_REVISION]!r} names no single revision.",
            hint="Name one commit (HEAD~1, main, a hash), or main... for the commit that a branch began at.",
        )
    try:
        commit = await run_trusted_git("rev-parse", "--verify", f"{name}^{{commit}}", folder=folder)
    except RepositoryError as error:
        if "not a git repository" in error.message or "dubious ownership" in error.message:
            raise
        raise RepositoryError(
            f"git knows no revision {name!r} here.",
            hint="Look at `git log`; a shallow clone may lack it (`git fetch`).",
        ) from error
    if name == revision:
        return commit.strip()
    return (await run_trusted_git("merge-base", commit.strip(), "HEAD", folder=folder)).strip()


def _new_file(folder: Path, name: str) -> FileDiff:
    data = read_inside(folder, name, MAX_NEW_FILE_BYTES)
    if not isinstance(data, bytes) or b"\0" in data:
        return FileDiff(path=name, old_path=name, change="added", binary=True)
    lines = data.decode("utf-8", "replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    hunk = Hunk(old_start=0, new_start=1, lines=tuple(f"+{line.removesuffix(chr(13))}" for line in lines))
    return FileDiff(path=name, old_path=name, change="added", hunks=(hunk,) if lines else ())
