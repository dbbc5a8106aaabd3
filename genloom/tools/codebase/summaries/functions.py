"""The summaries as functions of graph-sitter's names: each returns a text; `Codebase.summary(...).counts` is the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genloom.tools.codebase.codebase import Codebase

__all__ = [
    "get_class_summary",
    "get_codebase_summary",
    "get_file_summary",
    "get_function_summary",
    "get_symbol_summary",
]


def get_codebase_summary(codebase: Codebase) -> str:
    """Return the counts of the whole repository: files, imports, external modules, and top-level symbols by kind."""
    return codebase.summary().text


def get_file_summary(codebase: Codebase, path: str) -> str:
    """Return the counts of a file: its imports, its top-level symbols by kind, and the files that import it."""
    return codebase.summary(path, kind="file").text


def get_class_summary(codebase: Codebase, target: str) -> str:
    """Return the counts of a class: what it is made of, what it depends on, and its usages. `target`: an address or name."""
    return codebase.summary(target, kind="class").text


def get_function_summary(codebase: Codebase, target: str) -> str:
    """Return the counts of a function or method: what it is made of, what it depends on, its call sites and usages."""
    return codebase.summary(target, kind="function").text


def get_symbol_summary(codebase: Codebase, target: str) -> str:
    """Return the usages of any definition, by the kind of what uses it."""
    return codebase.summary(target, kind="symbol").text
