"""Occurrences: how often each term stands in the name, head and body of each definition of a file."""

from __future__ import annotations

import struct
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from genloom.tools.codebase.index.words import Stemmer
from genloom.tools.codebase.outlines.outline import Outline

__all__ = ["FileOccurrences", "count_occurrences"]

LARGEST_COUNT = 65_535
_PLACE = struct.Struct("HHHH").pack


@dataclass(frozen=True)
class FileOccurrences:
    """The terms of one file. `lengths` holds (name, head, body) of each definition one after the other, `by_term` how often
    a term stands in the path, and (ordinal, in name, in head, in body) for each definition that has it, two bytes each."""

    lengths: array[int]
    path_length: int
    by_term: dict[str, tuple[int, bytes]]


def count_occurrences(path: str, data: bytes, outline: Outline, stemmer: Stemmer) -> FileOccurrences:
    """Count the terms of a file's text (`data`, in UTF-8) by the outline's segments. Variables belong to the module."""
    texts: dict[tuple[int, str], list[bytes]] = defaultdict(list)
    for start, end, ordinal, field in outline.segments:
        texts[ordinal, field].append(data[start:end])
    lengths = array("I")
    places: dict[str, bytearray] = defaultdict(bytearray)
    for ordinal, definition in enumerate(outline.definitions):
        if definition.kind == "variable":
            continue
        name = stemmer.count(definition.qualified.encode()) if ordinal else {}
        head, body = (_counted(texts.get((ordinal, field), ()), stemmer) for field in ("head", "body"))
        lengths.extend((sum(name.values()), sum(head.values()), sum(body.values())))
        for term in {**body, **head, **name}:
            places[term] += _PLACE(ordinal, name.get(term, 0), head.get(term, 0), body.get(term, 0))
    in_path = stemmer.count(path.rsplit(".", 1)[0].encode("utf-8", "replace"))
    by_term = {term: (in_path.get(term, 0), bytes(where)) for term, where in places.items()}
    by_term |= {term: (count, b"") for term, count in in_path.items() if term not in places}
    return FileOccurrences(lengths, sum(in_path.values()), by_term)


def _counted(pieces: Sequence[bytes], stemmer: Stemmer) -> dict[str, int]:
    if not pieces:
        return {}
    text = b" ".join(pieces)
    counted = stemmer.count(text)
    if len(text) > LARGEST_COUNT and sum(counted.values()) > LARGEST_COUNT:  # two bytes hold a count
        return {term: min(count, LARGEST_COUNT) for term, count in counted.items()}
    return counted
