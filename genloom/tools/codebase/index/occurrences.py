"""Occurrences: how often each term stands in the name, head and body of each definition of a file."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genloom.tools.codebase.index.words import NAME, Stemmer
from genloom.tools.codebase.outlines.outline import Outline

__all__ = ["LARGEST_COUNT", "FileOccurrences", "count_occurrences"]

LARGEST_COUNT = 65_535
_NONE: Mapping[str, int] = {}


@dataclass(frozen=True)
class FileOccurrences:
    """The terms of one file. `lengths` holds (name, head, body) of each definition one after the other, `in_path` how often
    a term stands in the path, and `places` (ordinal, in name, in head, in body) for each definition that has it."""

    lengths: array[int]
    in_path: Mapping[str, int]
    places: Mapping[str, Sequence[int]]


def count_occurrences(path: str, data: bytes, outline: Outline, stemmer: Stemmer) -> FileOccurrences:
    """Count the terms of a file's text (`data`, in UTF-8) by the outline's segments. Variables belong to the module."""
    texts: dict[str, dict[int, list[bytes]]] = {"head": defaultdict(list), "body": defaultdict(list)}
    for start, end, ordinal, field in outline.segments:
        texts[field][ordinal].append(data[start:end])
    heads, bodies = texts["head"], texts["body"]
    lengths = array("I")
    places: dict[str, list[int]] = defaultdict(list)
    last = max(n for n, definition in enumerate(outline.definitions) if definition.kind != "variable")
    for ordinal, definition in enumerate(outline.definitions[: min(last, LARGEST_COUNT) + 1]):
        if definition.kind == "variable":
            lengths.extend((0, 0, 0))
            continue
        name = _name_counts(definition.qualified, stemmer) if ordinal else _NONE
        head = _counted(heads.get(ordinal), stemmer)
        body = _counted(bodies.get(ordinal), stemmer)
        lengths.extend((sum(name.values()), sum(head.values()), sum(body.values())))
        _place(places, ordinal, name, head, body)
    return FileOccurrences(lengths, stemmer.count(path.rsplit(".", 1)[0].encode("utf-8", "replace")), places)


def _place(
    places: dict[str, list[int]],
    ordinal: int,
    name: Mapping[str, int],
    head: Mapping[str, int],
    body: Mapping[str, int],
) -> None:
    """Note a definition's counts by their terms; most stand in the body alone."""
    both = {**head, **name}
    if both:
        for term in both:
            places[term] += (ordinal, name.get(term, 0), head.get(term, 0), body.get(term, 0))
        body = {term: count for term, count in body.items() if term not in both}
    for term, count in body.items():
        places[term] += (ordinal, 0, 0, count)


def _name_counts(qualified: str, stemmer: Stemmer) -> Mapping[str, int]:
    counted: dict[str, int] = {}
    for name in NAME.findall(qualified):
        for term in stemmer.terms(name):
            counted[term] = counted.get(term, 0) + 1
    return counted


def _counted(pieces: Sequence[bytes] | None, stemmer: Stemmer) -> Mapping[str, int]:
    if not pieces:
        return _NONE
    text = b" ".join(pieces) if len(pieces) > 1 else pieces[0]
    counted = stemmer.count(text)
    if len(text) > LARGEST_COUNT and sum(counted.values()) > LARGEST_COUNT:  # two bytes hold a count
        return {term: min(count, LARGEST_COUNT) for term, count in counted.items()}
    return counted
