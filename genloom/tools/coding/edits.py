"""Edits of a text: a passage replaced by another, found exactly or as nearly as can be told apart."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from genloom.errors import UsageError

__all__ = ["EditError", "replace_text", "unified_diff"]

LIKENESS = 0.85
"""How alike a passage must be to what was asked for (difflib's ratio over characters), the best one."""
MARGIN = 0.05
"""By how much it must be more alike than the next."""
MAX_FUZZY_LINES = 20_000
MAX_FUZZY_PASSAGE = 400
MAX_COMPARED = 400


class EditError(UsageError):
    """The passage is not there, or not there once."""


class _Passage(NamedTuple):
    start: int
    end: int
    likeness: float


def replace_text(text: str, old: str, new: str, *, every: bool = False, fuzzy: bool = True) -> str:
    """Return the text with one passage replaced, or with `every` all of them.

    The passage must stand there exactly once. Where it stands nowhere and `fuzzy` is true, whole lines that are the same
    but for blanks count, then those most like it (85 % at least, and clearly more than the next): `new` takes on their
    indentation. The text's line ends are kept. Raises `EditError` that says what was found instead.
    """
    if not old:
        raise EditError("The passage to replace is empty.", hint="Give some lines that stand in the file.")
    ends = "\r\n" if "\r\n" in text and "\n" not in text.replace("\r\n", "") else "\n"
    plain, old, new = (part.replace("\r\n", "\n") if ends == "\r\n" else part for part in (text, old, new))
    count = plain.count(old)
    if count == 1 or (count and every):
        changed = plain.replace(old, new)
    elif count:
        raise EditError(
            f"The passage stands there {count} times, first in the lines {_lines_of(plain, old)}.",
            hint="Give more lines around it, or replace all of them.",
        )
    elif fuzzy:
        changed = _replaced_alike(plain, old, new)
    else:
        raise _not_there(plain, old)
    return changed.replace("\n", "\r\n") if ends == "\r\n" else changed


def unified_diff(path: str, before: str | None, after: str | None) -> str:
    """Return the difference as `git diff` shows it; `None` stands for no file."""
    old, new = ((text or "").splitlines(keepends=True) for text in (before, after))
    names = ("/dev/null" if before is None else f"a/{path}", "/dev/null" if after is None else f"b/{path}")
    lines = difflib.unified_diff(old, new, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _replaced_alike(text: str, old: str, new: str) -> str:
    lines, wanted = text.splitlines(keepends=True), old.splitlines()
    while wanted and not wanted[0].strip():
        wanted = wanted[1:]
    while wanted and not wanted[-1].strip():
        wanted = wanted[:-1]
    if not wanted or len(lines) > MAX_FUZZY_LINES or len(wanted) > MAX_FUZZY_PASSAGE:
        raise _not_there(text, old)
    passage = _same_but_for_blanks(lines, wanted) or _most_alike(lines, wanted)
    if passage is None:
        raise _not_there(text, old)
    found = lines[passage.start : passage.end]
    put = _indented(new, wanted, found)
    end = "\n" if found[-1].endswith("\n") and put and not put.endswith("\n") else ""
    return "".join((*lines[: passage.start], put, end, *lines[passage.end :]))


def _same_but_for_blanks(lines: Sequence[str], wanted: Sequence[str]) -> _Passage | None:
    bare, asked = [line.strip() for line in lines], [line.strip() for line in wanted]
    size = len(asked)
    places = [i for i in range(len(bare) - size + 1) if bare[i] == asked[0] and bare[i : i + size] == asked]
    if len(places) > 1:
        raise EditError(
            f"But for blanks, the passage stands there {len(places)} times, first in line {places[0] + 1}.",
            hint="Give more lines around it.",
        )
    return _Passage(places[0], places[0] + size, 1.0) if places else None


def _most_alike(lines: Sequence[str], wanted: Sequence[str]) -> _Passage | None:
    """The passage of as many lines that is most like what was asked for, if it is so clearly."""
    best = sorted(_compared(lines, wanted), key=lambda passage: -passage.likeness)
    if not best or best[0].likeness < LIKENESS:
        return None
    first = best[0]
    others = [each for each in best[1:] if each.start >= first.end or each.end <= first.start]
    if others and first.likeness - others[0].likeness < MARGIN:
        raise EditError(
            f"The lines {first.start + 1} and {others[0].start + 1} are alike the passage, and neither is it.",
            hint="Read the file again and give the lines as they stand.",
        )
    return first


def _compared(lines: Sequence[str], wanted: Sequence[str]) -> Iterator[_Passage]:
    size = len(wanted)
    asked = "\n".join(line.strip() for line in wanted)
    matcher = difflib.SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(asked)
    bare = [line.strip() for line in lines]
    known = {line.strip() for line in wanted if len(line.strip()) > 3}
    near = [i for i in range(len(bare) - size + 1) if known.intersection(bare[i : i + size])]
    for start in (near or range(len(bare) - size + 1))[:MAX_COMPARED]:
        matcher.set_seq1("\n".join(bare[start : start + size]))
        if matcher.real_quick_ratio() >= LIKENESS and matcher.quick_ratio() >= LIKENESS:
            yield _Passage(start, start + size, matcher.ratio())


def _indented(new: str, wanted: Sequence[str], found: Sequence[str]) -> str:
    """The new text, shifted as the found passage is shifted against the one that was asked for."""
    asked, there = _indentation(wanted), _indentation(found)
    if asked == there:
        return new
    shifted = []
    for line in new.splitlines(keepends=True):
        body = line[len(asked) :] if line.startswith(asked) else line.lstrip(" \t")
        shifted.append(there + body if line.strip() else line)
    return "".join(shifted)


def _indentation(lines: Sequence[str]) -> str:
    first = next((line for line in lines if line.strip()), "")
    return first[: len(first) - len(first.lstrip(" \t"))]


def _not_there(text: str, old: str) -> EditError:
    first = next((line.strip() for line in old.splitlines() if line.strip()), "")
    near = difflib.get_close_matches(first, [line.strip() for line in text.splitlines()[:MAX_FUZZY_LINES]], 1, 0.6)
    place = next((n for n, line in enumerate(text.splitlines(), 1) if near and line.strip() == near[0]), 0)
    told = f" Line {place} is the most like its first one." if place else ""
    return EditError(f"The passage does not stand there.{told}", hint="Read the file and give the lines as they stand.")


def _lines_of(text: str, old: str) -> str:
    places: list[str] = []
    at = text.find(old)
    while at >= 0 and len(places) < 5:
        places.append(str(text.count("\n", 0, at) + 1))
        at = text.find(old, at + len(old))
    return ", ".join(places)
