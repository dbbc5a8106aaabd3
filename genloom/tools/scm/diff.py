"""Unified diffs, read: git's own in all their forms, and plain ones.

Own code, because what is reviewed must be read exactly: `unidiff` takes names with ` b/` in them for others, leaves git's
quoted names quoted, and passes the diff of a merge over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from genloom.errors import RequestError
from genloom.state.diff import Change, FileDiff, Hunk

__all__ = ["MAX_DIFF_FILES", "read_diff"]

MAX_DIFF_CHARACTERS = 20_000_000
MAX_DIFF_FILES = 5_000
MAX_NAMES = 20_000
NOTHING = "/dev/null"

_SECTION = re.compile(r"diff --(?:git|cc|combined) (.*)")
_HUNK = re.compile(r"(@@+) ((?:-\d{1,9}(?:,\d{1,9})? )+)\+(\d{1,9})(?:,(\d{1,9}))? @@+ ?(.*)")
_PREFIX = re.compile(r"[abciow12]/")
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-3][0-7]{2})')


def read_diff(text: str) -> tuple[FileDiff, ...]:
    """Return what a unified diff changes, file by file, in its order.

    Taken are the diffs of git (new, deleted, renamed and copied files, changed modes, binary files, quoted names, lines
    without an end; with the usual prefixes of names, or none) and plain ones with `---` and `+++`. Of a merge's combined
    diff the hunks are those against its first parent. Text around the files' changes, such as a commit's message, is passed
    over. Raises `RequestError` for what is no diff, or one cut short; for one of over 20 million characters or 5,000 files;
    and for a name that leads out of the repository.
    """
    if len(text) > MAX_DIFF_CHARACTERS:
        raise RequestError(
            f"The diff has {len(text):,} characters; {MAX_DIFF_CHARACTERS:,} are taken.", hint="Review it in parts."
        )
    lines = _Lines(text)
    files: list[FileDiff] = []
    while not lines.ended:
        file = _file(lines)
        if file is not None:
            files.append(file)
        if len(files) > MAX_DIFF_FILES:
            raise RequestError(
                f"The diff changes more than {MAX_DIFF_FILES:,} files, which is more than is taken.",
                hint="Review it in parts.",
            )
    if not files and text.strip():
        raise RequestError(
            "This is no unified diff: no file's changes stand in it.", hint="Give what `git diff` prints."
        )
    return tuple(files)


class _Lines:
    """The lines of a diff, and where its reading stands."""

    def __init__(self, text: str) -> None:
        stored = text.encode("utf-8", "replace").decode()  # halves of characters cannot be stored
        self._lines = stored.split("\n")  # at \n alone, as git does
        if self._lines[-1] == "":
            self._lines.pop()
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._lines)

    def look(self, ahead: int = 0) -> str:
        """The line to come, without its end; empty after the last."""
        at = self._at + ahead
        return self._lines[at].removesuffix("\r") if at < len(self._lines) else ""

    def take(self) -> str:
        line = self.look()
        self._at += 1
        return line

    def fault(self, what: str) -> RequestError:
        return RequestError(
            f"The diff cannot be read: {what} (line {self._at + 1:,}).", hint="Give what `git diff` prints, whole."
        )


@dataclass
class _Header:
    """What stands above a file's hunks."""

    named: str = ""
    old: str = ""
    new: str = ""
    moved_from: str = ""
    moved_to: str = ""
    copied: bool = False
    added: bool = False
    deleted: bool = False
    binary: bool = False
    hunks: list[Hunk] = field(default_factory=list)


def _file(lines: _Lines) -> FileDiff | None:
    """Read the changes of one file, or pass over a line that belongs to none."""
    section = _SECTION.fullmatch(lines.look())
    if section is None and not _names_follow(lines):
        if _HUNK.fullmatch(lines.look()):
            raise lines.fault("a passage stands there before any file's name")
        lines.take()
        return None
    header = _Header()
    if section is not None:
        header.named = section.group(1)
        lines.take()
        _read_extended_header(lines, header)
    if _names_follow(lines):
        header.old, header.new = _name_of(lines.take()), _name_of(lines.take())
    while (start := _HUNK.fullmatch(lines.look())) is not None:
        header.hunks.append(_hunk(lines, start))
    return _made(header, lines)


def _names_follow(lines: _Lines) -> bool:
    return lines.look().startswith("--- ") and lines.look(1).startswith("+++ ")


def _read_extended_header(lines: _Lines, header: _Header) -> None:
    while not lines.ended:
        line = lines.look()
        if _SECTION.fullmatch(line) or _HUNK.fullmatch(line) or _names_follow(lines):
            return
        if not (_entered(line, header) or header.binary):
            return
        lines.take()


def _entered(line: str, header: _Header) -> bool:
    """Enter what a line above the passages says; whether it is one of those that stand there."""
    word, _, rest = line.partition(" ")
    if word in ("rename", "copy"):
        side, _, name = rest.partition(" ")
        header.copied = word == "copy"
        if side == "from":
            header.moved_from = _unquoted(name)
        else:
            header.moved_to = _unquoted(name)
        return True
    header.added |= line.startswith("new file mode ")
    header.deleted |= line.startswith("deleted file mode ")
    header.binary |= line == "GIT binary patch" or (line.startswith("Binary files ") and line.endswith(" differ"))
    return word in _EXTENDED


_EXTENDED = frozenset(["old", "new", "deleted", "mode", "similarity", "dissimilarity", "index"])


def _hunk(lines: _Lines, start: re.Match[str]) -> Hunk:
    """Read one passage. With several old sides (a merge) it is told against the first."""
    marks, olds, new_start, new_length, heading = start.groups()
    sides = [(int(first), int(length) if length else 1) for first, _, length in _ranges(olds)]
    if len(marks) != len(sides) + 1:
        raise lines.fault("the head of a passage contradicts itself")
    lines.take()
    left = [*(length for _, length in sides), int(new_length) if new_length else 1]
    found: list[str] = []
    while any(left):
        if lines.ended:
            raise lines.fault("it ends within a passage")
        line = lines.look()
        if not line.startswith("\\"):
            found += _counted(line, left, lines)
        lines.take()
    if lines.look().startswith("\\"):
        lines.take()
    return Hunk(old_start=sides[0][0], new_start=int(new_start), lines=tuple(found), heading=heading.strip())


def _counted(line: str, left: list[int], lines: _Lines) -> list[str]:
    """Count a line of a passage off what is left of each side (the new one last), and return it as against the first."""
    width = len(left) - 1
    columns = line[:width].ljust(width)
    removed = "-" in columns
    if columns.strip(" +-") or (removed and "+" in columns):
        raise lines.fault("a passage is shorter than its head says")
    for side, mark in enumerate(columns):
        left[side] -= mark == "-" or (mark == " " and not removed)
    left[-1] -= not removed
    if min(left) < 0:
        raise lines.fault("a passage is longer than its head says")
    return [] if removed and columns[0] != "-" else [columns[0] + line[width:]]


def _ranges(text: str) -> Iterator[tuple[str, str, str]]:
    for each in text.split():
        yield each[1:].partition(",")


def _made(header: _Header, lines: _Lines) -> FileDiff:
    old, new = _names(header, lines)
    change: Change = "modified"
    if header.added or header.copied or old == NOTHING:
        change = "added"
    elif header.deleted or new == NOTHING:
        change = "deleted"
    elif old != new:
        change = "renamed"
    path = old if new == NOTHING else new
    before = new if old == NOTHING else old
    for name in (path, before):
        if not name or "\0" in name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise lines.fault(f"{name[:200]!r} names no file of a repository")
    return FileDiff(path=path, old_path=before, change=change, hunks=tuple(header.hunks), binary=header.binary)


def _names(header: _Header, lines: _Lines) -> tuple[str, str]:
    """Return the file's name before and after."""
    if header.moved_from and header.moved_to:
        return header.moved_from, header.moved_to
    if not header.named:
        return _bare(header.old, header.new)
    old, new = _pair(header.named)
    if old == new and (not header.old or header.old in (old, NOTHING)):  # without prefixes
        return old, new
    if header.old:
        old = new if header.old == NOTHING else header.old
        new = old if header.new == NOTHING else header.new
        return _bare(old, new, always=True)
    if not old:
        raise lines.fault("a file's name cannot be told")
    return _bare(old, new, always=True)


def _bare(old: str, new: str, *, always: bool = False) -> tuple[str, str]:
    """Take the prefixes off: both, where each name has one and not the same (`a/` and `b/`)."""
    one, other = _PREFIX.match(old), _PREFIX.match(new)
    nothing = NOTHING in (old, new)
    if always or nothing or (one and other and one.group() != other.group()):
        return (old[2:] if one else old), (new[2:] if other else new)
    return old, new


def _pair(text: str) -> tuple[str, str]:
    """Return both names of a section's first line; a blank in a name is told by both being the same but for a prefix."""
    if len(text) > MAX_NAMES:
        return "", ""
    if text.startswith('"') or text.endswith('"'):
        found = re.fullmatch(r'("(?:[^"\\]|\\.)*"|\S.*?) ("(?:[^"\\]|\\.)*"|\S.*)', text)
        return (_unquoted(found.group(1)), _unquoted(found.group(2))) if found else ("", "")
    middle = len(text) // 2
    old, new = text[:middle], text[middle + 1 :]
    if len(text) % 2 and text[middle] == " " and (old == new or old[2:] == new[2:]):
        return old, new
    return (text, text) if " " not in text else ("", "")  # the name of a merged file stands there once


def _name_of(line: str) -> str:
    name = line[4:]
    return _unquoted(name) if name.startswith('"') else name.partition("\t")[0]


def _unquoted(name: str) -> str:
    """Return a name that git has quoted as C does: its bytes are UTF-8, or kept as escapes."""
    if not (len(name) > 1 and name.startswith('"') and name.rstrip().endswith('"')):
        return name
    raw = _ESCAPE.sub(_byte, name.rstrip()[1:-1].encode())
    return raw.decode("utf-8", "backslashreplace")


def _byte(match: re.Match[bytes]) -> bytes:
    escape = match.group(1).decode()
    return bytes([_ESCAPES[escape] if escape in _ESCAPES else int(escape, 8)])
