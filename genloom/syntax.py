"""Python's syntax trees, in a process of many threads and other libraries.

CPython 3.11 counts the depth of a tree per interpreter, not per thread: when a garbage collection lets another thread parse
in the middle, `ast.parse` raises `SystemError` ("AST constructor recursion depth mismatch") for good code. Seen on 3.11.7,
not on 3.12 and 3.13. Such a parse is repeated.

Operators and contexts (`ast.Add`, `ast.Load`) are the same objects in all trees of a process, and some libraries hang their
own things on them (bandit a way up its last tree), which `copy.deepcopy` follows.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["UNPARSABLE", "copy_tree", "parse_expression", "parse_module"]

UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What parsing raises for a text that it cannot read."""
ATTEMPTS = 20

Tree = TypeVar("Tree")
Node = TypeVar("Node", bound=ast.AST)


def parse_module(source: str) -> ast.Module:
    """As `ast.parse(source)`: raises one of `UNPARSABLE`."""
    return _parsed(lambda: ast.parse(source))


def parse_expression(text: str) -> ast.expr:
    """Return the one expression of a text. Raises as `parse_module`."""
    return _parsed(lambda: ast.parse(text, mode="eval")).body


def copy_tree(node: Node) -> Node:
    """Return a copy of a tree that may be changed: its nodes with their fields and places, and nothing else."""
    fields = {name: _copied(value) for name, value in ast.iter_fields(node)}
    return ast.copy_location(type(node)(**fields), node)


def _copied(value: Any) -> Any:  # Any: what a field of a node may hold
    if isinstance(value, ast.AST):
        return copy_tree(value)
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _parsed(parse: Callable[[], Tree]) -> Tree:
    for _ in range(ATTEMPTS - 1):
        try:
            return parse()
        except SystemError:
            continue
    return parse()
