"""The languages that have an outline: by which file names they are known, and which grammar reads them."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import PurePosixPath

from genloom.tools.codebase.outlines.outline import Outline
from genloom.tools.codebase.outlines.python_outline import outline_python

__all__ = [
    "LANGUAGES",
    "OUTLINE_VERSION",
    "Language",
    "MissingGrammarError",
    "is_available",
    "language_of",
    "outline_source",
    "source_suffixes",
]

OUTLINE_VERSION = 1
"""Goes up whenever an outline of the same bytes may differ from before: files are to be read anew then."""


@dataclass(frozen=True)
class Language:
    """A language: the ends of its files' names, and its grammar, a module of a wheel of its own with the function `entry`."""

    name: str
    suffixes: tuple[str, ...]
    grammar: str
    entry: str = "language"


class MissingGrammarError(Exception):
    """The grammar of `language` is not installed. Internal: an index leaves the file out and says so."""

    def __init__(self, language: Language) -> None:
        super().__init__(f"The grammar of {language.name} is not installed.")
        self.language = language


LANGUAGES: tuple[Language, ...] = (Language("python", (".py", ".pyi"), "tree_sitter_python"),)

_BY_SUFFIX = {suffix: language for language in LANGUAGES for suffix in language.suffixes}
_BY_NAME = {language.name: language for language in LANGUAGES}
_SHOWS_CPP = re.compile(
    rb"^[ \t]*(?:class\s+\w|namespace\b|template\s*<|using\s+\w|public:|private:|protected:|#\s*include\s*<\w+>)",
    re.MULTILINE,
)


def source_suffixes() -> tuple[str, ...]:
    """Return the ends of file names of all languages, whether their grammars are installed or not."""
    return tuple(_BY_SUFFIX)


def language_of(path: str, data: bytes = b"") -> Language | None:
    """Return the language of a file by its name, or `None`. A `.h` is C unless its text shows C++."""
    found = _BY_SUFFIX.get(PurePosixPath(path).suffix.lower())
    if found is not None and found.name == "c" and path.lower().endswith(".h") and _SHOWS_CPP.search(data):
        return _BY_NAME["cpp"]
    return found


def is_available(language: Language) -> bool:
    """Whether the language's grammar is installed. Nothing is imported or downloaded."""
    return language.grammar in sys.modules or importlib.util.find_spec(language.grammar) is not None


def outline_source(path: str, data: bytes) -> Outline:
    """Return the outline of a source file in UTF-8, by the language of its name. Broken code gives what can be read of it.

    Raises `MissingGrammarError` when the language's grammar is not installed, `ValueError` for a name of no language.
    """
    language = language_of(path, data)
    if language is None:
        raise ValueError(f"{path!r} is a file of no known language.")
    if not is_available(language):
        raise MissingGrammarError(language)
    return outline_python(data)
