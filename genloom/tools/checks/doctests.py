"""The stand-alone examples in a module's docstrings: `>>> call` and the value that follows."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from genloom.state import Example, doctest_examples
from genloom.state.doctests import count_doctests

__all__ = ["docstring_examples", "left_out_doctests"]

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


def left_out_doctests(tree: ast.Module) -> int:
    """Return how many doctests of a module `docstring_examples` leaves out."""
    bound = _module_names(tree)
    yielded = [list(doctest_examples(docstring, bound)) for docstring in _docstrings(tree)]
    counted = sum(count_doctests(docstring, bound) for docstring in _docstrings(tree))
    beyond = max(0, len({example.text for examples in yielded for example in examples}) - MAX_EXAMPLES)
    return counted - sum(map(len, yielded)) + beyond


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
