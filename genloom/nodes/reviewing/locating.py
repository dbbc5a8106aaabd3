"""Where a model's remark stands: on a line that the diff really shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from genloom.state.code_review import Remark
from genloom.state.diff import FileDiff

__all__ = ["located"]

SHORTEST_QUOTE = 4


def located(remark: Remark, changes: Sequence[FileDiff]) -> Remark | None:
    """Return the remark on a line of the change; `None` where it names no file of it.

    A line that says what the remark quotes is right. Otherwise it moves to the nearest line of the file's diff that does;
    where none does, it is told of the file as a whole, unless it quotes nothing and its line stands in the diff.
    """
    file = _file(remark.finding.path, changes)
    if file is None:
        return None
    shown, line = file.new_lines, remark.finding.line
    fitting = _quoting(remark.quote, shown)
    if fitting is None:
        line = line if line in shown else 0
    elif line not in fitting:
        line = min(fitting, key=lambda number: (abs(number - line), number), default=0)
    return remark.model_copy(update={"finding": remark.finding.model_copy(update={"path": file.path, "line": line})})


def _file(path: str, changes: Sequence[FileDiff]) -> FileDiff | None:
    """The file of that name; models write it with a prefix of the diff, or without its folders, too."""
    names = (path, path.removeprefix("./"), re.sub(r"^[ab]/", "", path))
    for file in changes:
        if file.path in names:
            return file
    ending = [file for file in changes if path and file.path.endswith(f"/{path}")]
    return ending[0] if len(ending) == 1 else None


def _quoting(quote: str, shown: dict[int, str]) -> list[int] | None:
    """The lines that say what is quoted, or its first line; `None` where too little is quoted to tell."""
    texts = [_plain(line) for line in quote.splitlines()]
    wanted = next((text for text in texts if len(text) >= SHORTEST_QUOTE), None)
    if wanted is None:
        return None
    return [
        number for number, text in shown.items() if wanted in (plain := _plain(text)) or (plain and plain == wanted)
    ]


def _plain(line: str) -> str:
    """A line without its number and mark, and with single blanks."""
    return " ".join(re.sub(r"^\s*(?:\d+ +)?[+ ]?", "", line.strip("`\n")).split())
