"""The chain of the audit log: how a line is written, and where a chain breaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["START", "AuditFinding", "Link", "check_chain", "line_of", "parse_head", "parse_line", "shown_head"]

LONGEST_LINE = 1_000_000
FIELDS = ("action", "actor", "at", "detail", "hash", "organisation", "outcome", "previous", "seq", "target")

Entry = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True)
class Link:
    """A line as the next one refers to it: its number and hash."""

    seq: int
    hash: str


START = Link(0, "0" * 64)
"""What the first line is chained to."""


@dataclass(frozen=True)
class AuditFinding:
    """What a look at the whole log came to: how many lines fit, and what is wrong with line `line` (`None`: nothing)."""

    entries: int
    line: int | None = None
    problem: str | None = None

    @property
    def sound(self) -> bool:
        """Whether every line fits."""
        return self.problem is None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as the command prints them."""
        return {"sound": self.sound, "entries": self.entries, "line": self.line, "problem": self.problem}


def line_of(entry: Mapping[str, Any], previous: Link) -> tuple[bytes, Link]:
    """Return the line of an entry (without `seq`, `previous`, `hash`), and itself as a link."""
    numbered = {**entry, "seq": previous.seq + 1, "previous": previous.hash}
    digest = hashlib.sha256(_canonical(numbered)).hexdigest()
    return _canonical({**numbered, "hash": digest}) + b"\n", Link(previous.seq + 1, digest)


def parse_line(line: bytes) -> Entry | None:
    """Return the entry of a line that has this log's form, byte for byte, and whose hash is its own; else `None`."""
    try:
        entry = json.loads(line)
        if not isinstance(entry, dict) or tuple(sorted(entry)) != FIELDS or _canonical(entry) + b"\n" != line:
            return None
    except (ValueError, RecursionError):
        return None
    rest = {name: value for name, value in entry.items() if name != "hash"}
    return entry if hashlib.sha256(_canonical(rest)).hexdigest() == entry["hash"] else None


def check_chain(log: Path, head: Link | None, size: int) -> AuditFinding:
    """Read the first `size` bytes of the log line by line and return the first line that does not fit, if any.

    `head` is the last line as it was noted beside the log; without it nobody can tell whether lines are missing at the
    end. Raises `OSError`.
    """
    last, at_head, left = START, head is None or head == START, size
    with log.open("rb") as file:
        while line := file.readline(min(LONGEST_LINE, left)):
            left -= len(line)
            entry = parse_line(line)
            number = last.seq + 1
            if entry is None and at_head and not left and not line.endswith(b"\n"):
                break  # a process was killed while it wrote: half a line, promised to nobody, and the next one replaces it
            if entry is None:
                return AuditFinding(last.seq, number, _why_not(line))
            if (entry["seq"], entry["previous"]) != (number, last.hash):
                return AuditFinding(last.seq, number, "it does not follow the line before: one was removed or moved")
            last = Link(number, entry["hash"])
            at_head = at_head or last == head
    if head is not None and not at_head:
        if head.seq > last.seq:
            return AuditFinding(last.seq, last.seq + 1, f"it is missing, as are all up to line {head.seq}")
        return AuditFinding(last.seq, head.seq, "it is not the line that was noted as the last one")
    return AuditFinding(last.seq)


def _why_not(line: bytes) -> str:
    return "it was changed" if line.endswith(b"\n") else "it is not whole"


def shown_head(link: Link) -> bytes:
    """Return what is noted beside the log: always as many bytes, so that they are written in one piece."""
    return f"{link.seq:020d} {link.hash}\n".encode()


def parse_head(noted: bytes) -> Link | None:
    """Return the link that was noted, `None` for anything else."""
    number, _, digest = noted.decode("ascii", "replace").partition(" ")
    if not (number.isascii() and number.isdigit()):
        return None
    link = Link(int(number), digest.rstrip("\n"))
    return link if shown_head(link) == noted else None


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
