"""Meaning: what a name in Python code stands for."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["EXTERNAL", "UNKNOWN", "Meaning", "MeaningKind", "unsure"]

MeaningKind = Literal["definition", "module", "folder", "instance", "external", "unknown"]


class Meaning(NamedTuple):
    """A definition, a module (ordinal 0), an instance of a class (the class's place), the folder of a package without
    `__init__.py`, something from outside the repository, or something that cannot be told."""

    kind: MeaningKind
    file_id: int = 0
    ordinal: int = 0
    folder: str = ""
    confidence: float = 1.0


EXTERNAL = Meaning("external")
UNKNOWN = Meaning("unknown")


def unsure(meanings: tuple[Meaning, ...], confidence: float) -> tuple[Meaning, ...]:
    """Return the meanings with their confidence lowered."""
    if confidence == 1:
        return meanings
    return tuple(meaning._replace(confidence=meaning.confidence * confidence) for meaning in meanings)
