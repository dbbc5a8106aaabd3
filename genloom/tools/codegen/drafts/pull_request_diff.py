"""From a pull request's diff to a draft's file changes, laid over the repository's files.

A diff is applied strictly: each hunk must find its lines, all of them, at the place that it names. What has moved is
stale, never guessed at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from genloom.state import FileChange, NotRun

if TYPE_CHECKING:
    from unidiff.patch import Hunk, PatchedFile

__all__ = ["changes_of_diff"]

MAX_FILES = 100
MAX_FILE_BYTES = 1_000_000
MAX_HEADER_CHARACTERS = 4_096
_HEADERS = ("diff --git", "---", "+++", "Binary file", "@@")


class _UnusableError(Exception):
    """Why the diff gives no changes; turned into a verdict before anybody sees it."""

    def __init__(self, verdict: NotRun) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def changes_of_diff(diff: str, repository: str | Path | None) -> tuple[FileChange, ...] | NotRun:
    """Return what a diff in git's form makes of the repository's files, each against the hash of what it replaces.

    A renamed file is one that is deleted and one that is new; a change of mode alone is passed over. `NotRun` says why
    nothing can be made of it: no Python text (binary files, links, submodules), too large, or made for other versions of
    the files (`stale`). Without a repository only new files can be. Reads the disk.
    """
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet  # here: most runs end without a pull request

    try:
        if any(len(line) > MAX_HEADER_CHARACTERS and line.startswith(_HEADERS) for line in StringIO(diff)):
            raise _unsupported("The diff has a header of absurd length.")
        files = PatchSet(StringIO(diff))
        if not 1 <= len(files) <= MAX_FILES:
            raise _unsupported(f"The diff changes {len(files)} files; 1 to {MAX_FILES} are taken.")
        root = None if repository is None else Path(repository).expanduser().resolve()
        changes = tuple(change for file in files for change in _changes(file, root))
        _demand_distinct(changes)
    except UnidiffParseError as error:
        return _unsupported(f"The diff cannot be parsed: {str(error)[:200]}.").verdict
    except _UnusableError as unusable:
        return unusable.verdict
    return changes


def _changes(file: PatchedFile, root: Path | None) -> Iterator[FileChange]:
    source, target = _checked_path(file.source_file), _checked_path(file.target_file)
    _demand_text(file)
    if source is None and target is not None:
        _demand_free(root, target)
        yield FileChange(path=target, content=_applied("", file, target))
        return
    if source is None or (source == target and not len(file)):  # a change of mode
        return
    before = _read(root, source)
    content = _applied(before, file, source)
    base = hashlib.sha256(before.encode()).hexdigest()
    if target == source:
        yield FileChange(path=source, content=content, base_sha256=base)
        return
    yield FileChange(path=source, content=None, base_sha256=base)
    if target is not None:
        _demand_free(root, target)
        yield FileChange(path=target, content=content)


def _checked_path(name: str) -> str | None:
    """Return a path inside the repository, `None` for /dev/null."""
    if name == "/dev/null":
        return None
    path = name[2:] if name.startswith(("a/", "b/")) else name
    pure = PurePosixPath(path)
    odd = name.startswith('"') or "\\" in path or "\0" in path
    if odd or not path or pure.is_absolute() or ".." in pure.parts or pure.as_posix() != path:
        raise _unsupported(f"The diff names the path {path[:200]!r}, which is not taken.")
    return path


def _demand_free(root: Path | None, path: str) -> None:
    if root is not None and (root / path).exists():
        raise _stale(f"The pull request adds `{path}`, which is there already.")


def _demand_text(file: PatchedFile) -> None:
    modes = {file.source_mode, file.target_mode} - {None, "100644", "100755"}
    if file.is_binary_file or modes:
        what = "is binary" if file.is_binary_file else "is a link or a submodule"
        raise _unsupported(f"`{file.path[:200]}` {what}, and only text is checked.")


def _read(root: Path | None, path: str) -> str:
    if root is None:
        raise _unsupported(
            f"The pull request changes `{path}`, and no repository is named.", hint="Name the repository's folder."
        )
    place = root / path
    try:
        if place.resolve() != place or not place.is_file():  # a link could lead out of the repository
            raise _stale(f"The pull request changes `{path}`, which is not there, or reached through a link.")
        with place.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise _unsupported(f"`{path}` is larger than {MAX_FILE_BYTES:,} bytes.")
        return data.decode("utf-8")
    except (OSError, ValueError) as error:
        raise _unsupported(f"`{path}` cannot be read as UTF-8 text.") from error


def _applied(text: str, file: PatchedFile, path: str) -> str:
    lines = list(StringIO(text))  # splits at \n alone, as git does
    made: list[str] = []
    at = 0
    for hunk in file:
        before, after = _sides(hunk)
        start = hunk.source_start - 1 if before else hunk.source_start
        if start < at or lines[start : start + len(before)] != before:
            raise _stale(f"`{path}` has not the lines that the pull request changes: it was made for another version.")
        made += [*lines[at:start], *after]
        at = start + len(before)
    return "".join([*made, *lines[at:]])


def _sides(hunk: Hunk) -> tuple[list[str], list[str]]:
    """Return the hunk's lines before and after."""
    before: list[str] = []
    after: list[str] = []
    last: list[list[str]] = []
    for line in hunk:
        if line.line_type == "\\":  # the line before has no line break
            for side in last:
                side[-1] = side[-1].removesuffix("\n")
            continue
        last = [side for side, other in ((before, "+"), (after, "-")) if line.line_type != other]
        for side in last:
            side.append(line.value)
    return before, after


def _demand_distinct(changes: tuple[FileChange, ...]) -> None:
    paths = [change.path for change in changes]
    if len(set(paths)) < len(paths):
        raise _unsupported("The diff changes a file twice.")
    if not changes:
        raise _unsupported("The diff changes no file's text.")
    size = sum(len(change.content or "") for change in changes)
    if size > MAX_FILE_BYTES:
        raise _unsupported(f"The changed files have {size:,} characters; at most {MAX_FILE_BYTES:,} are checked.")


def _unsupported(reason: str, *, hint: str = "") -> _UnusableError:
    return _UnusableError(NotRun(cause="unsupported", reason=re.sub(r"\s+", " ", reason), hint=hint))


def _stale(reason: str) -> _UnusableError:
    return _UnusableError(
        NotRun(cause="stale", reason=reason, hint="Check out the pull request's base, or look at the pull request.")
    )
