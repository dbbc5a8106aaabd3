"""The languages that have an outline: by which file names they are known, and which grammar reads them."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from genloom.tools.codebase.outlines.language import Language, MissingGrammarError

if TYPE_CHECKING:
    from genloom.tools.codebase.outlines.outline import Outline

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

OUTLINE_VERSION = 3
"""Goes up whenever an outline of the same bytes may differ from before: files are to be read anew then."""


LANGUAGES: tuple[Language, ...] = (
    Language("python", (".py", ".pyi"), "tree_sitter_python"),
    Language(
        "javascript",
        (".js", ".jsx", ".mjs", ".cjs"),
        "tree_sitter_javascript",
        queries=("ecmascript", "javascript", "jsx"),
    ),
    Language(
        "typescript",
        (".ts", ".mts", ".cts"),
        "tree_sitter_typescript",
        entry="language_typescript",
        queries=("ecmascript", "typescript"),
    ),
    Language(
        "tsx", (".tsx",), "tree_sitter_typescript", entry="language_tsx", queries=("ecmascript", "typescript", "jsx")
    ),
    Language("java", (".java",), "tree_sitter_java", queries=("java",)),
    Language("c", (".c", ".h"), "tree_sitter_c", queries=("c",)),
    Language("cpp", (".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".inl"), "tree_sitter_cpp", queries=("c", "cpp")),
    Language("go", (".go",), "tree_sitter_go", queries=("go",)),
    Language("rust", (".rs",), "tree_sitter_rust", queries=("rust",)),
    Language("ruby", (".rb", ".rake", ".gemspec"), "tree_sitter_ruby", queries=("ruby",)),
    Language("csharp", (".cs",), "tree_sitter_c_sharp", queries=("csharp",)),
    Language("php", (".php",), "tree_sitter_php", entry="language_php", queries=("php",)),
)

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
    return sys.modules.get(language.grammar) is not None or importlib.util.find_spec(language.grammar) is not None


def outline_source(path: str, data: bytes) -> Outline:
    """Return the outline of a source file in UTF-8, by the language of its name. Broken code gives what can be read of it.

    Raises `MissingGrammarError` when the language's grammar is not installed, `ValueError` for a name of no language.
    """
    language = language_of(path, data)
    if language is None:
        raise ValueError(f"{path!r} is a file of no known language.")
    if not is_available(language):
        raise MissingGrammarError(language)
    if language.queries:  # imported here: where no file has changed nothing is parsed
        from genloom.tools.codebase.outlines.query_outline import outline_by_query

        return outline_by_query(language, data)
    from genloom.tools.codebase.outlines.python_outline import outline_python

    return outline_python(data)
