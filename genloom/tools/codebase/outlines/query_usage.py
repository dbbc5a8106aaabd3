"""Usage: what each definition calls, inherits, is annotated with and refers to, by the captures of a query."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from genloom.tools.codebase.outlines.outline import Mention, MentionKind
from genloom.tools.codebase.outlines.segments import OwnerMap

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["find_mentions"]

KINDS: tuple[tuple[MentionKind, str], ...] = (
    ("base", "base"),
    ("decorator", "decorated"),
    ("call", "call"),
    ("annotation", "annotation"),
)
WINDOW = 200
MAX_NAME = 200
_LETTER = rb"[\w$@\x80-\xff]"
_BASE = re.compile(rb"[\s*&\\]*((?:" + _LETTER + rb"+(?:\.|::|\\))*)(" + _LETTER + rb"+)")
_BEFORE = re.compile(rb"(?:\s*(?:\.[?!]?|::|>-\??|\\)\s*" + _LETTER + rb"+)+")  # read backwards
_JOINED = re.compile(rb"\s*(?:\.(?!\.)|::|>-|\\)")
_SEPARATOR = re.compile(r"\s*(?:[?!]?\.|::|\??->|\\)\s*")
_USE = re.compile(
    rb"(?<![\w$\x80-\xff])(?:(?<=\.\.\.)|(?<!\.)(?<!::)(?<!->))([A-Za-z_$\x80-\xff][\w$\x80-\xff]*)"
    rb"(?:(?:\?\.|\.|::|->)([A-Za-z_$\x80-\xff][\w$\x80-\xff]*))?"
)
_TYPE_VARIABLE = re.compile(r"[A-Z]\d?")
Found = tuple[int, str, MentionKind, str]
"""Ordinal, name, kind and qualifier."""


def find_mentions(
    captures: Mapping[str, Sequence[Node]], source: bytes, owners: OwnerMap, names: Collection[str], own: Iterable[int]
) -> tuple[Mention, ...]:
    """Return the mentions, in the order of definitions and names.

    `names` are those that the file imports or defines at its top level; `own` are the bytes where names of definitions
    begin, which are no uses.
    """
    used = set(own)
    found: Counter[Found] = Counter()
    for kind, capture in KINDS:
        places = [place for node in captures.get(capture, ()) if (place := _place(node, source, capture)) is not None]
        for (start, name), ordinal in zip(places, owners.ordinals(start for start, _ in places), strict=True):
            if name and start not in used and not (kind == "annotation" and _TYPE_VARIABLE.fullmatch(name)):
                used.add(start)
                found[ordinal, name, kind, _qualifier(source, start)] += 1
    found.update(_references(captures, source, owners, names, used))
    return tuple(
        Mention(o, name, kind, times, qualifier) for (o, name, kind, qualifier), times in sorted(found.items())
    )


def _place(node: Node, source: bytes, capture: str) -> tuple[int, str] | None:
    """Return where the name in a node begins, and the name; the last one of a base's path, type arguments left out."""
    start, end = node.byte_range
    if capture != "base":
        return start, source[start : min(end, start + MAX_NAME)].decode("utf-8", "replace").lstrip("$")
    match = _BASE.match(source, start, min(end, start + MAX_NAME))
    return (match.start(2), match[2].decode("utf-8", "replace")) if match else None


def _qualifier(source: bytes, start: int) -> str:
    """Return the chain of names before a name, joined by dots; `?` when what stands before is no chain of names."""
    before = source[max(0, start - WINDOW) : start][::-1]
    if not _JOINED.match(before):
        return ""
    if before.startswith(b"\\") and not before[1:2].isalnum():  # from PHP's root
        return ""
    chain = _BEFORE.match(before)
    if chain is None or (_JOINED.match(before, chain.end()) and not before.startswith(b"\\", chain.end())):
        return "?"
    written = chain[0][::-1].decode("utf-8", "replace").strip()
    return ".".join(part.lstrip("$") for part in _SEPARATOR.split(written) if part)


def _references(
    captures: Mapping[str, Sequence[Node]], source: bytes, owners: OwnerMap, names: Collection[str], used: set[int]
) -> Iterator[Found]:
    """Yield the other uses of the names, and of what is reached through them, in code."""
    known = {name.encode("utf-8", "replace") for name in names}
    places: list[int] = []
    uses: list[tuple[str, str]] = []
    for match in _USE.finditer(_code(captures, source)) if known else ():
        if match[1] not in known:
            continue
        for group, qualifier in ((1, ""), (2, match[1].decode("utf-8", "replace"))):
            if match[group] is not None and match.start(group) not in used:
                places.append(match.start(group))
                uses.append((match[group].decode("utf-8", "replace"), qualifier))
    for (name, qualifier), ordinal in zip(uses, owners.ordinals(places), strict=True):
        yield ordinal, name, "reference", qualifier


def _code(captures: Mapping[str, Sequence[Node]], source: bytes) -> bytearray:
    """Return the source with comments, strings and imports blanked."""
    code = bytearray(source)
    for kind in ("comment", "string", "import"):
        for node in captures.get(kind, ()):
            start, end = node.byte_range
            code[start:end] = b" " * (end - start)
    return code
