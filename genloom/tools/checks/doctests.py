"""The stand-alone examples in a module's docstrings: `>>> call` and the value that follows."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from genloom.state import Example, doctest_examples

__all__ = ["docstring_examples"]

MAX_EXAMPLES = 200


def docstring_examples(tree: ast.Module) -> tuple[Example, ...]:
    """Return the doctests of a parsed module that stand alone: one call, and the literal or traceback that follows.

    Only values are compared, so what prints, sets up names or carries a doctest directive is left out, and with it the
    rest of that docstring: later lines may depend on it. At most `MAX_EXAMPLES`, each text once.
    """
    bound = _module_names(tree)
    found: dict[str, Example] = {}
    for docstring in _docstrings(tree):
        for example in doctest_examples(docstring, bound):
            found.setdefault(example.text, example)
            if len(found) >= MAX_EXAMPLES:
                return tuple(found.values())
    return tuple(found.values())


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text and ">>>" in text:
                yield text


def _module_names(tree: ast.Module) -> frozenset[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return frozenset(names)
