"""Inputs that a type hint alone tells of: Hypothesis strategies from annotations as they are written."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from genloom.syntax import parse_expression

__all__ = [
    "MAX_DEPTH",
    "UnknownShapeError",
    "Values",
    "distinct_key",
    "hint_arguments",
    "hint_names",
    "hinted",
    "text_of",
]

Values = SearchStrategy[Any]
"""Draws plain values of whatever type there is to be."""

FREE_SIZE = 4
MAX_DEPTH = 5

# zero, what is negative and what is empty are where preconditions stand that nobody wrote down: examples may show them,
# a type hint alone does not
_HINTED_INTEGERS = [1, 2, 3, 4, 5, 7, 8, 10, 12, 13, 16, 20]
_HINTED_FLOATS = [1.0, 0.5, 2.0, 1.5, 3.25, 10.0, 12.75, 99.5]
_HINTED_CHARACTERS = "abcxyzABZ 019.,-_é"


class UnknownShapeError(Exception):
    """Neither samples nor a hint that is understood say what to draw."""


def hinted(hint: ast.expr | None, depth: int) -> Values:
    """Draw what a type hint alone says. Raises `UnknownShapeError` where it does not say enough."""
    if hint is None:
        raise UnknownShapeError("there is neither an example nor a type hint for a part of its input")
    if isinstance(hint, ast.Constant) and isinstance(hint.value, str):
        return hinted(_parsed(hint.value), depth)
    if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
        return st.one_of([hinted(side, depth) for side in (hint.left, hint.right)])
    if isinstance(hint, ast.Constant) and hint.value is None:
        return st.none()
    name, arguments = _name(hint), hint_arguments(hint)
    if name in _PLAIN:
        return _PLAIN[name]()
    if name == "Literal":
        return st.sampled_from([ast.literal_eval(each) for each in arguments])
    if name in _GENERIC and arguments and depth < MAX_DEPTH:
        return _GENERIC[name](arguments, depth + 1)
    raise UnknownShapeError(f"the type hint `{ast.unparse(hint)}` does not say enough")


def _parsed(text: str) -> ast.expr | None:
    try:
        return parse_expression(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _name(hint: ast.expr | None) -> str:
    head = hint.value if isinstance(hint, ast.Subscript) else hint
    return head.attr if isinstance(head, ast.Attribute) else getattr(head, "id", "")


def hint_names(hint: ast.expr | None) -> set[str]:
    """The hint's own name, or those of its alternatives."""
    if isinstance(hint, ast.BinOp):
        return hint_names(hint.left) | hint_names(hint.right)
    return {_name(hint)}


def hint_arguments(hint: ast.expr | None) -> list[ast.expr]:
    """Return the arguments of a hint, such as both of `dict[str, int]`."""
    if not isinstance(hint, ast.Subscript):
        return []
    return list(hint.slice.elts) if isinstance(hint.slice, ast.Tuple) else [hint.slice]


def _hinted_list(arguments: list[ast.expr], depth: int) -> Values:
    return st.lists(hinted(arguments[0], depth), min_size=1, max_size=FREE_SIZE)


def _hinted_set(arguments: list[ast.expr], depth: int) -> Values:
    return st.lists(hinted(arguments[0], depth), min_size=1, max_size=FREE_SIZE, unique_by=distinct_key).map(set)


def _hinted_tuple(arguments: list[ast.expr], depth: int) -> Values:
    if isinstance(arguments[-1], ast.Constant) and arguments[-1].value is ...:
        return _hinted_list(arguments, depth).map(tuple)
    return st.tuples(*(hinted(each, depth) for each in arguments))


def _hinted_dict(arguments: list[ast.expr], depth: int) -> Values:
    if len(arguments) != 2:
        raise UnknownShapeError("a dict's hint needs keys and values")
    pairs = st.tuples(*(hinted(each, depth) for each in arguments))
    return st.lists(pairs, min_size=1, max_size=FREE_SIZE, unique_by=lambda pair: distinct_key(pair[0])).map(dict)


def text_of(alphabet: Sequence[str], low: int, high: int) -> SearchStrategy[str]:
    """Draw texts of these characters and lengths."""
    return st.lists(st.sampled_from(list(alphabet)), min_size=low, max_size=high).map("".join)


def distinct_key(value: Any) -> Hashable:
    """Return what tells one plain value from any other, 1 from True as well."""
    return repr(value)


_PLAIN: dict[str, Callable[[], Values]] = {
    "int": lambda: st.sampled_from(_HINTED_INTEGERS),
    "float": lambda: st.sampled_from(_HINTED_FLOATS),
    "bool": lambda: st.sampled_from([False, True]),
    "str": lambda: text_of(_HINTED_CHARACTERS, 1, 8),
    "bytes": lambda: st.lists(st.sampled_from(list(b"ab\x00\xff 1")), min_size=1, max_size=6).map(bytes),
}

_GENERIC: dict[str, Callable[[list[ast.expr], int], Values]] = {
    **dict.fromkeys(("list", "List", "Sequence", "Iterable", "Collection", "MutableSequence"), _hinted_list),
    **dict.fromkeys(("set", "Set", "AbstractSet", "frozenset", "FrozenSet"), _hinted_set),
    **dict.fromkeys(("tuple", "Tuple"), _hinted_tuple),
    **dict.fromkeys(("dict", "Dict", "Mapping", "MutableMapping"), _hinted_dict),
    "Optional": lambda arguments, depth: st.one_of([st.none(), hinted(arguments[0], depth)]),
    "Union": lambda arguments, depth: st.one_of([hinted(each, depth) for each in arguments]),
}
