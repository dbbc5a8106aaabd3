"""The files of a user's work tree, changed as an approved branch has them: all of them, or none."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from genloom.errors import RepositoryError, StorageError
from genloom.state.feature import FeatureBranch
from genloom.tools.git_command import run_git, run_git_bytes

__all__ = ["change_files", "uncommitted_files"]

MAX_MEGABYTES = 16
_REGULAR = ("100644", "100755")
_NO_FILE = "000000"


@dataclass(frozen=True, kw_only=True)
class _Change:
    """What a branch does to one path: modes and ids of git's, before and after."""

    path: str
    old_mode: str
    new_mode: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class _Write:
    """A path that is still as at the base, how it stood when that was seen, and its new bytes (`None`: it goes)."""

    change: _Change
    seen: os.stat_result | None
    data: bytes | None


async def change_files(branch: FeatureBranch) -> None:
    """Change the files of the repository's work tree, all of them or none, once the branch is published.

    Every file is compared with the branch's base before the first is written, by its bytes and not by what the index says.
    Raises `RepositoryError`, with everything as it was, where one holds what is not committed, is another than at the base,
    or cannot be written. Files that are changed so already stay as they are; so whoever was killed goes on. Raises
    `StorageError` where files could be neither written nor put back.
    """
    root = Path(branch.repository)
    writes = [
        write for change in await _changes(root, branch) if (write := await _pending(root, branch, change)) is not None
    ]
    if not writes:
        return
    await _demand_unstaged(root, branch, [write.change.path for write in writes])
    own = (await run_git("rev-parse", "--absolute-git-dir", folder=root)).removesuffix("\n")
    await asyncio.to_thread(_write_all, root, Path(own) / f"genloom-{branch.name.replace('/', '-')}", writes, branch)


async def uncommitted_files(repository: str | Path, *, output_megabytes: int = 8) -> tuple[str, ...]:
    """Return the files of a repository that differ from its newest commit, or are not in it and not left out either."""
    told = await run_git(
        *(
            "--no-optional-locks",
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=all",
        ),
        folder=Path(repository),
        settings=["core.quotePath=false"],
        output_megabytes=output_megabytes,
    )
    return tuple(line[3:] for line in told.split("\0") if line)


async def _changes(root: Path, branch: FeatureBranch) -> list[_Change]:
    told = await run_git(
        *("diff", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "-z", branch.base, branch.head),
        folder=root,
    )
    words = told.split("\0")[:-1]
    return [_change_of(row, path, branch) for row, path in zip(words[::2], words[1::2], strict=True)]


def _change_of(row: str, path: str, branch: FeatureBranch) -> _Change:
    old_mode, new_mode, old, new, _ = row.removeprefix(":").split(" ")
    if not {old_mode, new_mode} <= {*_REGULAR, _NO_FILE} or "\ufffd" in path:
        raise _refused(branch, f"{path} is no plain file, or has a name that is no text.")
    return _Change(path=path, old_mode=old_mode, new_mode=new_mode, old=old, new=new)


async def _pending(root: Path, branch: FeatureBranch, change: _Change) -> _Write | None:
    """Return what there is to write; `None` where the file is as the branch has it. Raises where it is neither so nor as
    at the base."""
    try:
        seen = await asyncio.to_thread(_seen, root, change.path)
    except OSError as error:
        raise _refused(branch, f"{change.path} cannot be written: {error.strerror}.") from error
    ids = await _ids(root, change.path) if seen is not None and stat.S_ISREG(seen.st_mode) else ()
    if _is(seen, ids, change.new_mode, change.new, change):
        return None
    if not _is(seen, ids, change.old_mode, change.old, change):
        raise _refused(
            branch, f"{change.path} holds changes that are not committed, or is no longer as at the branch's base."
        )
    data = None
    if change.new_mode != _NO_FILE:
        data = await run_git_bytes(
            "cat-file", "--filters", f"{branch.head}:{change.path}", folder=root, output_megabytes=MAX_MEGABYTES
        )
    return _Write(change=change, seen=seen, data=data)


def _is(seen: os.stat_result | None, ids: Sequence[str], mode: str, wanted: str, change: _Change) -> bool:
    if mode == _NO_FILE or seen is None:
        return mode == _NO_FILE and seen is None
    same_mode = change.old_mode == change.new_mode or change.old_mode == _NO_FILE or change.new_mode == _NO_FILE
    return wanted in ids and (same_mode or bool(seen.st_mode & stat.S_IXUSR) == (mode == "100755"))


def _seen(root: Path, path: str) -> os.stat_result | None:
    """How a path stands; `None` where there is nothing. Raises `OSError` where a link or a file is in the place of its
    folder."""
    for folder in reversed(Path(path).parents[:-1]):
        try:
            if not stat.S_ISDIR(os.lstat(root / folder).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, f"{folder} is no folder")
        except FileNotFoundError:
            return None
    try:
        return os.lstat(root / path)
    except FileNotFoundError:
        return None


async def _ids(root: Path, path: str) -> tuple[str, str]:
    """Git's ids of a file: of what it would commit, and of the bytes as they are."""
    clean = await run_git("hash-object", "--", path, folder=root)
    plain = await run_git("hash-object", "--no-filters", "--", path, folder=root)
    return clean.strip(), plain.strip()


async def _demand_unstaged(root: Path, branch: FeatureBranch, paths: Sequence[str]) -> None:
    staged = await run_git(
        *("--literal-pathspecs", "diff-index", "--cached", "--name-only", "-z", "HEAD", "--", *paths), folder=root
    )
    if staged:
        raise _refused(branch, f"{staged.split(chr(0))[0]} holds changes that are not committed.")


def _write_all(root: Path, aside: Path, writes: Sequence[_Write], branch: FeatureBranch) -> None:
    """Write all files, each in one move, so that a kill leaves each as it was or as it shall be; after an error put them
    back. New and old bytes are laid aside first, so that a full disk is met before anything is changed."""
    done: list[_Write] = []
    made: list[Path] = []
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        for number, write in enumerate(writes):
            _lay_aside(root, aside, number, write)
        for number, write in enumerate(writes):
            _put(root, aside / f"{number}.new", write, made)
            done.append(write)
    except OSError as error:
        _put_back(root, aside, done, made)
        raise _refused(branch, f"The files cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    for write in writes:
        if write.data is None:
            _remove_empty(root, (root / write.change.path).parent)


def _lay_aside(root: Path, aside: Path, number: int, write: _Write) -> None:
    target = root / write.change.path
    if write.seen is not None:
        shutil.copy2(target, aside / f"{number}.old")
    if write.data is not None:
        new = aside / f"{number}.new"
        new.write_bytes(write.data)
        mode = stat.S_IMODE(new.stat().st_mode if write.seen is None else write.seen.st_mode)
        if write.change.new_mode == "100755":
            mode |= (mode & 0o444) >> 2
        elif write.change.old_mode == "100755":
            mode &= ~0o111
        new.chmod(mode)


def _put(root: Path, new: Path, write: _Write, made: list[Path]) -> None:
    target = root / write.change.path
    if not _unchanged(write.seen, _seen(root, write.change.path)):
        raise OSError(f"{write.change.path} was changed just now")
    if write.data is None:
        target.unlink()
        return
    missing = [folder for folder in target.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        made.append(folder)
    new.replace(target)


def _unchanged(before: os.stat_result | None, now: os.stat_result | None) -> bool:
    if before is None or now is None:
        return before is now
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (now.st_ino, now.st_size, now.st_mtime_ns)


def _put_back(root: Path, aside: Path, writes: Sequence[_Write], made: Sequence[Path]) -> None:
    try:
        for number, write in enumerate(writes):
            if write.seen is None:
                (root / write.change.path).unlink()
            else:
                (aside / f"{number}.old").replace(root / write.change.path)
    except OSError as error:
        raise StorageError(
            f"Some files of {root} are changed, and can be neither written nor put back: {error.strerror}.",
            hint="Look at the disk and its permissions, and resume: what is missing is written then.",
        ) from error
    for folder in reversed(made):
        with suppress(OSError):  # somebody else's file came into it
            folder.rmdir()


def _remove_empty(root: Path, folder: Path) -> None:
    """Remove a folder and those around it that hold nothing; git knows no empty ones."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _refused(branch: FeatureBranch, message: str) -> RepositoryError:
    return RepositoryError(
        message, hint=f"The files were left as they are. Merge the branch {branch.name} when they are committed."
    )
