"""An example: one call and what it must give, as a user writes it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict

from genloom.errors import ExampleError
from genloom.syntax import UNPARSABLE, parse_expression

__all__ = ["Example", "find_contradiction", "parse_example"]

MAX_EXAMPLE_CHARACTERS = 20_000

_HINT = "Write an example as `call == literal`, such as `double(2) == 4`, or as `raises(ValueError, double(None))`."


class Example(BaseModel):
    """`call == expected`, or `raises(error, call)`.

    `expected` is the source of a Python literal (empty when `error` is set); `error` is the name of an exception class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: str
    expected: str = ""
    error: str = ""

    @property
    def text(self) -> str:
        """The example as one would write it."""
        return f"raises({self.error}, {self.call})" if self.error else f"{self.call} == {self.expected}"

    @cached_property
    def function(self) -> str:
        """The name that the call is about: the first called one that is no builtin, such as `double` in `double(2)` and
        `list(double(2))`, or `Stack` in `Stack().push(1).size`."""
        node: ast.expr = parse_expression(self.call)
        called = [c.func for c in ast.walk(node) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)]
        own = [name for name in called if not hasattr(builtins, name.id)]
        if own:
            return min(own, key=lambda name: (name.lineno, name.col_offset)).id
        while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
            node = node.func if isinstance(node, ast.Call) else node.value
        return node.id if isinstance(node, ast.Name) else ""

    def expected_value(self) -> Any:  # Any: whatever literal the user wrote
        """Return the expected literal as a Python value."""
        return literal(self.expected)


def literal(source: str) -> Any:  # Any: whatever literal the user wrote
    """Return the value of a Python literal; `inf`, `nan`, `set()` and `frozenset({…})` count as literals too.

    Raises `ValueError` for anything else.
    """
    try:
        return _value(parse_expression(source.strip()))
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"not a literal: {source!r}") from error


def _value(node: ast.expr) -> Any:
    match node:
        case ast.List(elts=elts):
            return [_value(e) for e in elts]
        case ast.Tuple(elts=elts):
            return tuple(_value(e) for e in elts)
        case ast.Set(elts=elts):
            return {_value(e) for e in elts}
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_value(k): _value(v) for k, v in zip(keys, values, strict=True) if k is not None}
    return _special_value(node)


def _special_value(node: ast.expr) -> Any:
    """The values that Python prints in a form which `ast.literal_eval` does not read."""
    match node:
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return set()
        case ast.Call(func=ast.Name(id="frozenset"), args=arguments, keywords=[]) if len(arguments) < 2:
            return frozenset(_value(arguments[0]) if arguments else ())
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as text)], keywords=[]):
            return float(text)
        case ast.Name(id="inf" | "nan" as name):
            return float(name)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Name(id="inf")):
            return float("-inf")
    return ast.literal_eval(node)


def parse_example(text: str) -> Example:
    """Parse `call == literal`, `literal == call`, `call is None|True|False` or `raises(Error, call)`; a leading
    `assert` is allowed.

    Raises `ExampleError` that names the text and the accepted forms.
    """
    source = re.sub(r"^\s*assert\s+", "", text.strip())
    if len(source) > MAX_EXAMPLE_CHARACTERS:
        raise ExampleError(f"The example is longer than {MAX_EXAMPLE_CHARACTERS} characters.", hint=_HINT)
    try:
        node = parse_expression(source)
    except UNPARSABLE as error:
        raise ExampleError(
            f"The example `{_shorten(text)}` is not a Python expression: {error}.", hint=_HINT
        ) from error
    example = _raises(node) or _comparison(node)
    if example is None or not example.function:
        raise ExampleError(f"The example `{_shorten(text)}` does not say what a call must give.", hint=_HINT)
    return example


def _raises(node: ast.expr) -> Example | None:
    match node:
        case ast.Call(func=ast.Name(id="raises"), args=[ast.Name(id=error), ast.Call() as call], keywords=[]):
            return Example(call=ast.unparse(call), error=error)
    return None


def _comparison(node: ast.expr) -> Example | None:
    match node:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            pass
        case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None | True | False) as right]):
            pass
        case _:
            return None
    for call, expected in ((left, right), (right, left)):
        if _is_call(call) and _is_literal(expected):
            return Example(call=ast.unparse(call), expected=ast.unparse(expected))
    return None


def _is_call(node: ast.expr) -> bool:
    """Whether evaluating the expression calls something that is not one of the literal's own names."""
    return any(isinstance(n, ast.Call) for n in ast.walk(node)) and not _is_literal(node)


def _is_literal(node: ast.expr) -> bool:
    try:
        _value(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return False
    return True


def find_contradiction(examples: Sequence[Example]) -> tuple[Example, Example] | None:
    """Return two examples that ask different results of the same call, or `None`."""
    seen: dict[str, Example] = {}
    for example in examples:
        earlier = seen.setdefault(example.call, example)
        if earlier is not example and not _agree(earlier, example):
            return earlier, example
    return None


def _agree(one: Example, other: Example) -> bool:
    if one.error or other.error:
        return one.error == other.error
    if one.expected == other.expected:
        return True
    return bool(one.expected_value() == other.expected_value())


def _shorten(text: str, limit: int = 120) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
