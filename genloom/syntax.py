"""Python's parser, in a process of many threads.

CPython 3.11 counts the depth of a tree per interpreter, not per thread: when a garbage collection lets another thread parse
in the middle, `ast.parse` raises `SystemError` ("AST constructor recursion depth mismatch") for good code. Seen on 3.11.7,
not on 3.12 and 3.13. Such a parse is repeated.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TypeVar

__all__ = ["parse_expression", "parse_module"]

ATTEMPTS = 20

Tree = TypeVar("Tree")


def parse_module(source: str) -> ast.Module:
    """As `ast.parse(source)`: raises `SyntaxError`, `ValueError`, `RecursionError` or `MemoryError`."""
    return _parsed(lambda: ast.parse(source))


def parse_expression(text: str) -> ast.expr:
    """Return the one expression of a text. Raises as `parse_module`."""
    return _parsed(lambda: ast.parse(text, mode="eval")).body


def _parsed(parse: Callable[[], Tree]) -> Tree:
    for _ in range(ATTEMPTS - 1):
        try:
            return parse()
        except SystemError:
            continue
    return parse()
