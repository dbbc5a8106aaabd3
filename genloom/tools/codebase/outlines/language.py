"""A language as the outlines know it: its files' names, its grammar and its queries."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Language", "MissingGrammarError"]


@dataclass(frozen=True)
class Language:
    """A language: the ends of its files' names, and its grammar, a module of a wheel of its own.

    `entry` is the grammar's function; `queries` name the files below `queries/` that together say what is taken.
    """

    name: str
    suffixes: tuple[str, ...]
    grammar: str
    entry: str = "language"
    queries: tuple[str, ...] = ()


class MissingGrammarError(Exception):
    """The grammar of `language` is not installed. Internal: an index leaves the file out and says so."""

    def __init__(self, language: Language) -> None:
        super().__init__(f"The grammar of {language.name} is not installed.")
        self.language = language
