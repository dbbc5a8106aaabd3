"""How a part of a change is shown to a model: as delimited data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from genloom.state.diff import FileDiff, Hunk
from genloom.tools.scm.parts import LONGEST_LINE
from genloom.tools.security import present

__all__ = ["shown_change"]


def shown_change(files: Sequence[FileDiff], secrets: Sequence[str]) -> str:
    """Return the files' passages with the numbers of their lines, each file as delimited data under its name."""
    return "\n\n".join(present(_title(file), "\n".join(_lines(file)), secrets=secrets) for file in files)


def _title(file: FileDiff) -> str:
    moved = f", before: {file.old_path}" if file.change == "renamed" else ""
    return f"{file.path} ({file.change}{moved})"


def _lines(file: FileDiff) -> Iterator[str]:
    for hunk in file.hunks:
        yield f"@@ {hunk.heading}".rstrip()
        yield from _numbered(hunk)


def _numbered(hunk: Hunk) -> Iterator[str]:
    number = hunk.new_start
    for line in hunk.lines:
        shown = line[:LONGEST_LINE] + (" …" if len(line) > LONGEST_LINE else "")
        if line.startswith("-"):
            yield f"      {shown}"
        else:
            yield f"{number:>5} {shown}"
            number += 1
