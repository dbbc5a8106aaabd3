"""The ranking: files and symbols, best first, each with its reasons."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RankedFile", "RankedSymbol", "Ranking"]


@dataclass(frozen=True, kw_only=True)
class RankedFile:
    """A file and why it stands where it does. Scores compare within one ranking only; the best file has about 1."""

    path: str
    score: float
    reasons: tuple[str, ...]
    sha256: str
    lines: int


@dataclass(frozen=True, kw_only=True)
class RankedSymbol:
    """A definition, or a module's own text, and why it stands where it does.

    Lines are 1-based and inclusive; its head ends at `head_line`. A module (`kind` is `module`, `qualified` empty) is the
    whole file, of which `parts` are the stretches outside of its classes and functions.
    """

    path: str
    qualified: str
    kind: str
    start_line: int
    end_line: int
    head_line: int
    signature: str
    score: float
    reasons: tuple[str, ...]
    sha256: str
    parts: tuple[tuple[int, int], ...] = ()

    @property
    def address(self) -> str:
        """`path::Class.method`; of a module its path."""
        return f"{self.path}::{self.qualified}" if self.qualified else self.path


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Files and symbols, best first.

    `relevance` is the share of the query that the five best symbols, and the paths and commits of the five best files,
    cover: each distinct term counts by its rarity (IDF), a term that the repository does not have counts as the rarest. 0
    means that nothing of the query was found, 1 that all of it stands in those. What a further retriever found among them
    counts with what it adds. `left_out` says what of a long query was not looked at.
    """

    files: tuple[RankedFile, ...] = ()
    symbols: tuple[RankedSymbol, ...] = ()
    relevance: float = 0.0
    left_out: tuple[str, ...] = ()
