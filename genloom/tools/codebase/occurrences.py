"""Occurrences: how often each term stands in the name, head and body of each definition of a file."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass

from genloom.tools.codebase.outline import Outline
from genloom.tools.codebase.words import Stemmer, names_in

__all__ = ["FileOccurrences", "count_occurrences"]

LARGEST_COUNT = 65_535


@dataclass(frozen=True)
class FileOccurrences:
    """The terms of one file. `lengths` holds (name, head, body) of each definition one after the other, `by_term` how often
    a term stands in the path, and (ordinal, in name, in head, in body) for each definition that has it."""

    lengths: array[int]
    path_length: int
    by_term: dict[str, tuple[int, array[int]]]


def count_occurrences(path: str, data: bytes, outline: Outline, stemmer: Stemmer) -> FileOccurrences:
    """Count the terms of a file's text (`data`, in UTF-8) by the outline's segments. Variables belong to the module."""
    texts: dict[tuple[int, str], list[str]] = defaultdict(list)
    for segment in outline.segments:
        texts[segment.ordinal, segment.field].append(data[segment.start : segment.end].decode("utf-8", "replace"))
    lengths = array("I")
    places: dict[str, array[int]] = {}
    for ordinal, definition in enumerate(outline.definitions):
        if definition.kind == "variable":
            continue
        name = _counted(definition.qualified if ordinal else "", stemmer)
        head, body = (_counted(" ".join(texts.get((ordinal, field), ())), stemmer) for field in ("head", "body"))
        lengths.extend((sum(name.values()), sum(head.values()), sum(body.values())))
        for term in {**body, **head, **name}:
            found = (ordinal, name.get(term, 0), head.get(term, 0), body.get(term, 0))
            if term in places:
                places[term].extend(found)
            else:
                places[term] = array("H", found)
    in_path = _counted(path.rsplit(".", 1)[0], stemmer)
    by_term = {term: (in_path.get(term, 0), where) for term, where in places.items()}
    by_term |= {term: (count, array("H")) for term, count in in_path.items() if term not in places}
    return FileOccurrences(lengths, sum(in_path.values()), by_term)


def _counted(text: str, stemmer: Stemmer) -> dict[str, int]:
    counted = stemmer.count(names_in(text))
    if sum(counted.values()) > LARGEST_COUNT:  # two bytes hold a count
        return {term: min(count, LARGEST_COUNT) for term, count in counted.items()}
    return counted
