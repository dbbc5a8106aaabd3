"""A change cut into parts that one reading takes in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from genloom.state.diff import FileDiff, Hunk

__all__ = ["parts_of", "readable"]

PART_LINES = 400
PART_CHARACTERS = 24_000
LONGEST_LINE = 500

_MADE = frozenset(
    "uv.lock poetry.lock pdm.lock Pipfile.lock package-lock.json yarn.lock pnpm-lock.yaml Cargo.lock go.sum".split()
)
_MADE_ENDS = (".min.js", ".min.css", ".map", ".svg", ".ipynb")


def parts_of(changes: Sequence[FileDiff]) -> list[tuple[FileDiff, ...]]:
    """Return the passages of a change that a person would read, in parts of about 400 lines or 24,000 characters.

    Left out are binary and deleted files, and what programs make: lock files, minified scripts, notebooks. A passage longer
    than a part is cut.
    """
    parts: list[tuple[FileDiff, ...]] = []
    files: list[FileDiff] = []
    lines = characters = 0
    for file, hunk in _passages(changes):
        size = sum(min(len(line), LONGEST_LINE) + 8 for line in hunk.lines)
        if files and (lines + len(hunk.lines) > PART_LINES or characters + size > PART_CHARACTERS):
            parts.append(tuple(files))
            files, lines, characters = [], 0, 0
        if files and files[-1].path == file.path:
            files[-1] = files[-1].model_copy(update={"hunks": (*files[-1].hunks, hunk)})
        else:
            files.append(file.model_copy(update={"hunks": (hunk,)}))
        lines, characters = lines + len(hunk.lines), characters + size
    return [*parts, tuple(files)] if files else parts


def readable(file: FileDiff) -> bool:
    """Whether a person would read what changed in a file."""
    name = PurePosixPath(file.path).name
    made = name in _MADE or name.endswith(_MADE_ENDS)
    return not (file.binary or made or file.change == "deleted")


def _passages(changes: Sequence[FileDiff]) -> Iterator[tuple[FileDiff, Hunk]]:
    for file in changes:
        if readable(file):
            for hunk in file.hunks:
                for piece in _pieces(hunk):
                    yield file, piece


def _pieces(hunk: Hunk) -> Iterator[Hunk]:
    old, new, start, size = hunk.old_start, hunk.new_start, 0, 0
    for at, line in enumerate(hunk.lines):
        size += min(len(line), LONGEST_LINE) + 8
        if at - start + 1 >= PART_LINES or size > PART_CHARACTERS or at == len(hunk.lines) - 1:
            piece = hunk.lines[start : at + 1]
            yield hunk.model_copy(update={"old_start": old, "new_start": new, "lines": piece})
            old += sum(not line.startswith("+") for line in piece)
            new += sum(not line.startswith("-") for line in piece)
            start, size = at + 1, 0
