"""Records: what the index tells of a file, and of a definition."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IndexedSymbol", "SourceFile"]


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """An indexed file: its path relative to the repository, the hash of its bytes, its lines, whether it parses, and its
    language (`python`, `go`, …)."""

    path: str
    sha256: str
    lines: int
    has_errors: bool
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class IndexedSymbol:
    """A definition. `kind` is `class`, `function`, `method` or `variable`; lines are 1-based and inclusive, of the file's
    bytes with the hash `sha256`."""

    path: str
    name: str
    qualified: str
    kind: str
    start_line: int
    end_line: int
    signature: str
    doc: str
    sha256: str
