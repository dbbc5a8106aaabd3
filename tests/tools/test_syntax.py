"""The parser, in a process where others parse at the same time."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator

import pytest

from genloom.syntax import parse_expression, parse_module

SOURCE = "\n".join(f"def f{number}(a, b={number}): return [x for x in (a, b) if x]" for number in range(50))


class ParsesWhenCollected:
    """Garbage in a cycle whose end parses something: what another thread does at that moment."""

    def __init__(self) -> None:
        self.cycle = self

    def __del__(self) -> None:
        ast.parse("1")


@pytest.fixture
def eager_collection() -> Iterator[None]:
    """Collections in the middle of nearly everything."""
    before = gc.get_threshold()
    gc.set_threshold(50, 1, 1)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("eager_collection")
def test_code_is_parsed_whatever_else_is_parsed_meanwhile() -> None:
    """CPython 3.11's own parser raises `SystemError` here, some of the times."""
    expected = ast.dump(ast.parse(SOURCE))
    for _ in range(30):
        garbage = [ParsesWhenCollected() for _ in range(5)]
        del garbage
        assert ast.dump(parse_module(SOURCE)) == expected


def test_what_cannot_be_parsed_says_so() -> None:
    """Errors are those of `ast.parse`, and are not tried again."""
    with pytest.raises(SyntaxError):
        parse_module("def")
    with pytest.raises(SyntaxError):
        parse_expression("x = 1")
    assert ast.unparse(parse_expression("f(1) == 2")) == "f(1) == 2"
