"""The node that finds out what changed: from a diff, from git, or whole files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from genloom.errors import RequestError
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state.code_review import PartReport, join_reports
from genloom.state.diff import FileDiff, Hunk
from genloom.tools.codebase.files.source import decode_source, read_inside, text_lines
from genloom.tools.scm.changes import git_changes
from genloom.tools.scm.diff import read_diff
from genloom.tools.scm.texts import MAX_TEXT_BYTES

__all__ = ["collect_changes"]

MAX_GIVEN_CHARACTERS = 50_000_000


class CollectInput(TypedDict):
    """One of a diff, a revision and paths."""

    diff: NotRequired[str | None]
    revision: NotRequired[str | None]
    paths: NotRequired[tuple[str, ...] | None]
    texts: NotRequired[Mapping[str, str]]


class CollectOutput(TypedDict):
    """The change, file by file; what was given is used up, so that a thread can be used again."""

    changes: tuple[FileDiff, ...]
    whole: bool
    diff: NotRequired[None]
    revision: NotRequired[None]
    paths: NotRequired[None]
    reports: NotRequired[Annotated[tuple[PartReport, ...] | None, join_reports]]


@node("collect_changes")
async def collect_changes(state: CollectInput, runtime: NodeRuntime) -> CollectOutput:
    """Read the diff, ask git how the work tree of the context's repository differs from the revision, or take whole files
    of it. Raises `RequestError` unless exactly one is given, or what reading and git raise."""
    diff, revision, paths = state.get("diff"), state.get("revision"), state.get("paths")
    if sum(value is not None for value in (diff, revision, paths)) != 1:
        raise RequestError(
            "A review takes one of a diff, a revision and paths.",
            hint='Give {"diff": "…"}, {"revision": "HEAD~1"} or {"paths": ["a.py"]}.',
        )
    if sum(map(len, (state.get("texts") or {}).values())) > MAX_GIVEN_CHARACTERS:
        raise RequestError("The texts of the changed files are too large.", hint="Review the change in parts.")
    if diff is not None:
        changes = await asyncio.to_thread(read_diff, diff)
    elif revision is not None:
        changes = await git_changes(_root(runtime), revision)
    else:
        changes = await asyncio.to_thread(_whole_files, _root(runtime), paths or ())
    return {
        "changes": changes,
        "whole": paths is not None,
        "diff": None,
        "revision": None,
        "paths": None,
        "reports": None,
    }


def _root(runtime: NodeRuntime) -> Path:
    if runtime.context.repository is None:
        raise RequestError(
            "There is no repository to look into.",
            hint="Name its folder as the context's `repository`, or give a diff.",
        )
    return Path(runtime.context.repository)


def _whole_files(root: Path, paths: Sequence[str]) -> tuple[FileDiff, ...]:
    return tuple(_whole_file(root, path) for path in dict.fromkeys(paths))


def _whole_file(root: Path, path: str) -> FileDiff:
    data = read_inside(root, path, MAX_TEXT_BYTES)
    if not isinstance(data, bytes):
        raise RequestError(f"{path!r} cannot be reviewed ({data}).", hint="Name text files below the repository.")
    if b"\0" in data:
        return FileDiff(path=path, old_path=path, change="added", binary=True)
    lines = text_lines(decode_source(data).removesuffix("\n"))
    hunk = Hunk(old_start=0, new_start=1, lines=tuple(f"+{line}" for line in lines))
    return FileDiff(path=path, old_path=path, change="added", hunks=(hunk,))
