"""Comments: what stands right before a definition, and the text of a doc comment without its marks."""

from __future__ import annotations

import inspect
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from genloom.tools.codebase.outlines.outline import MAX_DOC

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Lead", "Leading", "comment_text"]

MAX_GAP = 4_000
_LINE_MARK = re.compile(r"^[ \t]*(?://+[!/]*|#+|\*+(?!/))[ ]?", re.MULTILINE)
_XML_TAGS = re.compile(
    r"</?(?:summary|remarks|para|returns|value|inheritdoc|see|param|typeparam|c|code)\b[^<>]{0,200}>"
)
_LICENSE = re.compile(r"copyright|licen[cs]e|SPDX-", re.IGNORECASE)


class Lead(NamedTuple):
    """Where a definition begins with the comments and decorators before it, and those comments' and decorators' ranges."""

    start: int
    comments: tuple[tuple[int, int], ...] = ()
    decorators: tuple[tuple[int, int], ...] = ()


class Leading:
    """Look-up of the comments and decorators that end right before a byte."""

    def __init__(self, source: bytes, comments: Iterable[Node], decorators: Iterable[Node]) -> None:
        self._source = source
        self._ends: dict[int, tuple[int, bool]] = {}
        self.comments = sorted(node.byte_range for node in comments)
        for start, end in self.comments:
            self._ends[start + len(source[start:end].rstrip())] = (start, True)
        for node in decorators:
            self._ends[node.end_byte] = (node.start_byte, False)

    def before(self, byte: int, floor: int) -> Lead:
        """Return what leads up to `byte`, nothing of it before `floor`: comments that stand on lines of their own without a
        blank line after them, and decorators."""
        comments: list[tuple[int, int]] = []
        decorators: list[tuple[int, int]] = []
        start = byte
        while True:
            gap_from = max(floor, start - MAX_GAP)
            end = gap_from + len(self._source[gap_from:start].rstrip())
            found, is_comment = self._ends.get(end, (-1, False))
            if found < floor or end == start == byte:
                break
            if is_comment:
                if self._source.count(b"\n", end, start) > 1 or not self._opens_line(found):
                    break
                comments.append((found, end))
            else:
                decorators.append((found, end))
            start = found
        return Lead(start, tuple(reversed(comments)), tuple(reversed(decorators)))

    def inside(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the ranges of the comments that begin between two bytes."""
        return self.comments[bisect_left(self.comments, (start, 0)) : bisect_left(self.comments, (end, 0))]

    def module_doc(self, taken: int) -> str:
        """Return the text of the file's first comments, a licence left out; `taken` is where the first definition begins."""
        blocks: list[list[tuple[int, int]]] = []
        for start, end in self.comments[:200]:
            if end > taken:
                break
            if (
                blocks
                and not self._source[blocks[-1][-1][1] : start].strip()
                and self._adjoins(blocks[-1][-1][1], start)
            ):
                blocks[-1].append((start, end))
            elif not blocks or not self._source[blocks[-1][-1][1] : start].strip():
                blocks.append([(start, end)])
        texts = (comment_text(self._source, block) for block in blocks)
        return next((text for text in texts if text and not _LICENSE.search(text)), "")

    def _adjoins(self, end: int, start: int) -> bool:
        return self._source.count(b"\n", max(0, end - 1), start) <= 1

    def _opens_line(self, start: int) -> bool:
        line = self._source.rfind(b"\n", max(0, start - 500), start)
        return not self._source[line + 1 if line >= 0 else max(0, start - 500) : start].strip()


def comment_text(source: bytes, ranges: Sequence[tuple[int, int]]) -> str:
    """Return the text of comments without their marks (`//`, `///`, `#`, `/** * */`, XML tags), up to 2,000 characters."""
    written = b"\n".join(source[start : min(end, start + 4 * MAX_DOC)] for start, end in ranges[:200])
    text = written[: 8 * MAX_DOC].decode("utf-8", "replace").replace("\r", "")
    text = text.replace("/*", "", 1) if text.startswith("/*") else text
    lines = _LINE_MARK.sub("", text.replace("*/", ""))
    return inspect.cleandoc(_XML_TAGS.sub("", lines)).strip()[:MAX_DOC]
