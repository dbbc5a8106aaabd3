"""What a pull request changes, at one commit: its diff, and the texts of the changed files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from genloom.errors import GenloomError, RepositoryError, RequestError, UsageError
from genloom.state.diff import FileDiff
from genloom.tools.scm.diff import read_diff
from genloom.tools.scm.forge import ChangedFile, Forge, PullRequest
from genloom.tools.scm.patches import diff_of
from genloom.tools.trusted_git import run_trusted_git

__all__ = ["PullRequestChange", "read_change"]

MAX_TEXTS = 300
MAX_TEXT_CHARACTERS = 20_000_000
AT_ONCE = 4
NAMED = 5


@dataclass(frozen=True, kw_only=True)
class PullRequestChange:
    """`diff` is git's form of `changes`, in which a file that the host shows no lines of is a binary one; `texts` are those
    of Python files and scripts at the head, by path. `remarks` say in sentences what is not in them."""

    pull: PullRequest
    diff: str
    changes: tuple[FileDiff, ...]
    texts: Mapping[str, str]
    remarks: tuple[str, ...]


async def read_change(forge: Forge, number: int, *, clone: Path | None = None) -> PullRequestChange:
    """Return what a pull request changes now. Texts are taken from the clone where it has the head's commit, else from the
    host. Nothing of the pull request is run.

    Raises `UsageError` when there is none of that number, when it gets new commits meanwhile, and when it changes nothing
    that the host shows; what the host raises otherwise.
    """
    pull = await forge.pull_request(number)
    if not pull.head:
        raise UsageError(f"{forge.name} names no commit of pull request {number} yet.", hint="Ask again in a moment.")
    changed = await forge.changed_files(pull)
    sections = {file.path: diff_of([file]) for file in changed.files}
    read = {file.path: _read(file, sections[file.path]) for file in changed.files}
    hidden = [file for file in changed.files if read[file.path] is None]
    if len(hidden) == len(changed.files):
        raise UsageError(f"Pull request {number} changes no text that {forge.name} shows.", hint=f"Look at {pull.url}.")
    for file in hidden:
        sections[file.path] = _hidden(file)
        read[file.path] = _read(replace(file, patch=None), sections[file.path])
    there = {path: file for path, file in read.items() if file is not None}
    wanted = [path for path, file in there.items() if file.change != "deleted" and _is_wanted(path)]
    texts = await _texts(forge, pull.head, wanted[:MAX_TEXTS], clone)
    unseen = [file.path for file in hidden if file.change == "deleted" or texts.get(file.path) != ""]
    for file in hidden:
        if file.path not in unseen:  # there is nothing in it to be shown
            there.pop(file.path, None)
    missing = [path for path in wanted if path in there and path not in texts and path not in unseen]
    return PullRequestChange(
        pull=pull,
        diff="".join(sections[path] for path in there),
        changes=tuple(there.values()),
        texts=texts,
        remarks=tuple(_remarks(changed.complete, unseen, missing)),
    )


def _is_wanted(path: str) -> bool:
    """Whether the whole text tells more than the changed lines: of Python, and of scripts, which may be Python."""
    pure = PurePosixPath(path)
    return pure.suffix in (".py", ".pyw", ".pyi") or not (pure.suffix or pure.name.startswith("."))


def _hidden(file: ChangedFile) -> str:
    """What git says of a file of which it shows no lines, so that nobody takes it for one that was read."""
    return f"{diff_of([replace(file, patch='')])}Binary files differ\n"


def _read(file: ChangedFile, section: str) -> FileDiff | None:
    """The changes of one file; `None` when the host shows none, or none that can be read."""
    try:
        read = read_diff(section)
    except RequestError:  # cut short, or a name that leads out of the repository
        return None
    fits = len(read) == 1 and read[0].path == file.path and (file.patch is None or read[0].hunks)
    return read[0] if fits else None


def _remarks(complete: bool, hidden: Sequence[str], missing: Sequence[str]) -> Iterator[str]:
    if not complete:
        yield "The host tells of more changed files than are taken; the others were not looked at."
    if hidden:
        yield f"The host shows no changed lines (binary, too large or empty) of {_named(hidden)}."
    if missing:
        yield f"The whole text could not be had, or was too much, of {_named(missing)}."


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return f"{', '.join(path[:200] for path in paths[:NAMED])}{more}"


async def _texts(forge: Forge, head: str, paths: Sequence[str], clone: Path | None) -> dict[str, str]:
    here = clone if clone is not None and await _has_commit(clone, head) else None
    turn = asyncio.Semaphore(AT_ONCE)

    async def text(path: str) -> str | None:
        async with turn:
            own = None if here is None else await _own_text(here, head, path)
            return await forge.file_text(path, head) if own is None else own

    found = await asyncio.gather(*map(text, paths))
    texts: dict[str, str] = {}
    left = MAX_TEXT_CHARACTERS
    for path, content in zip(paths, found, strict=True):
        if content is not None and len(content) <= left:
            texts[path] = content
            left -= len(content)
    return texts


async def _has_commit(clone: Path, commit: str) -> bool:
    try:
        return (await run_trusted_git("cat-file", "-t", commit, folder=clone)).strip() == "commit"
    except RepositoryError:
        return False


async def _own_text(clone: Path, commit: str, path: str) -> str | None:
    try:
        return await run_trusted_git("cat-file", "blob", f"{commit}:{path}", folder=clone)
    except GenloomError:
        return None
