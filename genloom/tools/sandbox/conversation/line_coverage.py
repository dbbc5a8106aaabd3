"""Which lines of a draft's functions ran, as the worker claims. Read leniently: what makes no sense is unknown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["MOST_RECORD_BYTES", "UNFINISHED", "FileLines", "LineCoverage", "read_coverage"]

MOST_RECORD_BYTES = 32_768
"""What a record of lines may take beside the values; the worker's own limits keep it below."""

MOST_REASON = 200
_FILE = re.compile(r"([0-9a-f]+)/([0-9a-f]+)")


@dataclass(frozen=True)
class FileLines:
    """The lines of one file's functions and those of them that ran, each as a number whose bit `n` stands for line `n`."""

    path: str
    lines: int
    reached: int


@dataclass(frozen=True)
class LineCoverage:
    """A claim from inside the draft's process. `unknown` says why there is none; it is empty where `files` tell."""

    files: tuple[FileLines, ...] = ()
    unknown: str = ""


UNFINISHED = LineCoverage(unknown="the run did not come to its end")


def read_coverage(told: Sequence[object], paths: Sequence[str]) -> LineCoverage | None:
    """Return what the last part of a closing record says of the files at `paths`, in their order; `None` when it was not
    asked about any. Nothing that the record holds raises or is trusted to have a shape.
    """
    if not paths:
        return None
    text = told[0] if len(told) == 1 else ""
    if not isinstance(text, str) or not text.isascii() or not text.isprintable() or len(text) > MOST_RECORD_BYTES:
        text = ""
    if text and not text.startswith("="):
        return LineCoverage(unknown=text[:MOST_REASON])
    read = [_file(path, one) for path, one in zip(paths, text.split(" ")[1:], strict=False)]
    known = tuple(each for each in read if each is not None)
    if len(known) < len(paths) or text.count(" ") != len(paths):
        return LineCoverage(unknown="the record of it is malformed")
    return LineCoverage(files=known)


def _file(path: str, told: str) -> FileLines | None:
    match = _FILE.fullmatch(told)
    if not match:
        return None
    found = FileLines(path, int(match[1], 16), int(match[2], 16))
    return found if found.reached & ~found.lines == 0 else None
