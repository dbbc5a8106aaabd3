"""The parser, in a process where others parse at the same time."""

from __future__ import annotations

import ast
import gc
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

from genloom.syntax import copy_tree, parse_expression, parse_module
from genloom.tools.checks.reviewing.static.bandit_scan import scan

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


@pytest.mark.parametrize("source", [SOURCE, Path(ast.__file__).read_text(), Path(typing.__file__).read_text()])
def test_a_copy_is_the_same_tree_and_may_be_changed(source: str) -> None:
    """Places included; no node of one is a node of the other."""
    tree = parse_module(source)
    copied = copy_tree(tree)
    assert ast.dump(copied, include_attributes=True) == ast.dump(tree, include_attributes=True)
    mine = {id(node) for node in ast.walk(tree) if hasattr(node, "lineno")}
    assert not any(id(node) in mine for node in ast.walk(copied))


def test_a_copy_is_not_led_astray_by_what_others_hang_on_shared_nodes() -> None:
    """As bandit does, by which `copy.deepcopy` copies the tree that it saw last."""
    scan("x = " + "-" * 90 + "1")
    tree = parse_module("y = -1")
    assert sum(1 for _ in ast.walk(copy_tree(tree))) == sum(1 for _ in ast.walk(tree))
    assert not any(hasattr(node, "_bandit_parent") for node in ast.walk(copy_tree(tree)))
