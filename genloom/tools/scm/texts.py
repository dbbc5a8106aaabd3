"""The texts of a changed file: after the change, where they are those that the diff speaks of, and before it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from genloom.state.diff import FileDiff
from genloom.tools.codebase.files.source import decode_source, read_inside, text_lines

__all__ = ["MAX_TEXT_BYTES", "text_after", "text_before"]

MAX_TEXT_BYTES = 2_000_000
_MARK = "\ufeff"
"""A mark at the start of some files, which a diff shows and Python passes over."""


def text_after(file: FileDiff, texts: Mapping[str, str], root: Path | None) -> str | None:
    """Return the file's text after the change: the given one, that of a whole new file, or what lies below `root`; `None`
    where that is another version's, or cannot be read."""
    if file.binary or file.change == "deleted":
        return None
    given = texts.get(file.path)
    if given is None and root is not None:
        data = read_inside(root, file.path, MAX_TEXT_BYTES)
        given = decode_source(data) if isinstance(data, bytes) else None
        if isinstance(data, bytes) and text_before(file, data.decode("utf-8", "replace")) is not None:
            return given  # git's diff is read as UTF-8, whatever the file declares
    if given is not None and text_before(file, given) is not None:
        return given
    return _whole(file)


def text_before(file: FileDiff, after: str) -> str | None:
    """Return the file's text before the change, made from that after it; `None` where the diff is not of this text."""
    lines = text_lines(after.removeprefix(_MARK))
    before: list[str] = []
    at = 0
    for hunk in file.hunks:
        new = [line[1:] for line in hunk.lines if not line.startswith("-")]
        if new and hunk.new_start == 1:
            new[0] = new[0].removeprefix(_MARK)
        start = hunk.new_start - 1 if new else hunk.new_start
        if start < at or lines[start : start + len(new)] != new:
            return None
        before += [*lines[at:start], *(line[1:] for line in hunk.lines if not line.startswith("+"))]
        at = start + len(new)
    return "\n".join([*before, *lines[at:]]).removeprefix(_MARK)


def _whole(file: FileDiff) -> str | None:
    """The text of a new file, all of which the diff shows."""
    if file.change != "added" or len(file.hunks) != 1 or file.hunks[0].old_start != 0:
        return None
    return "".join(f"{line[1:]}\n" for line in file.hunks[0].lines).removeprefix(_MARK)
