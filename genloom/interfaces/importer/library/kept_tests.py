"""The checks that the lock file keeps of a module, as a plain pytest file."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence

from genloom.errors import ExampleError
from genloom.state import Example, parse_example
from genloom.syntax import parse_expression

__all__ = ["kept_examples", "pytest_file"]


def kept_examples(checks: Iterable[str]) -> tuple[str, ...]:
    """Return the checks that are examples (`call == literal`, `raises(Error, call)`), as they were written."""
    return tuple(text for text in checks if _parsed(text) is not None)


def pytest_file(module: str, checks: Sequence[str]) -> str:
    """Return a pytest file that asks `module` for each of the checks that is an example, "" when none is.

    Values are compared by `==`, but for `nan`, which equals nothing. The file needs pytest and the module, no genloom.
    """
    examples = [example for text in checks if (example := _parsed(text)) is not None]
    if not examples:
        return ""
    tests = [_test(number, example) for number, example in enumerate(examples, start=1)]
    body = "\n\n\n".join(tests)
    imports = ["import pytest"] if any(example.error for example in examples) else []
    constants = sorted({name for example in examples for name in _names(example.expected)} & {"inf", "nan"})
    standard = [f"from math import {', '.join(constants)}"] if constants else []
    asked = sorted({name for example in examples for name in _asked(example)})
    own = [f"from {module} import {', '.join(asked)}"]
    head = "\n\n".join("\n".join(group) for group in (standard, imports, own) if group)
    return f'"""What {module} was checked by."""\n\n{head}\n\n\n{body}\n'


def _test(number: int, example: Example) -> str:
    lines = [f"def test_{example.function}_{number}() -> None:"]
    if example.error:
        lines += [f"    with pytest.raises({example.error}):", f"        {example.call}"]
    elif example.expected in ("nan", "-nan"):
        lines += [f"    found = {example.call}", "    assert found != found"]
    elif example.expected in ("None", "True", "False"):
        # `==`, as genloom compares: what `is` refuses was never asked
        lines += [f"    assert {example.call} == {example.expected}  # noqa: E711, E712"]
    else:
        lines += [f"    assert {example.call} == {example.expected}"]
    return "\n".join(lines)


def _asked(example: Example) -> set[str]:
    """What the test must import from the module: free names that Python itself does not have."""
    named = _names(example.call) | ({example.error} if example.error else set())
    return {name for name in named if not hasattr(builtins, name)}


def _names(expression: str) -> set[str]:
    if not expression:
        return set()
    tree = parse_expression(expression)
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - bound


def _parsed(text: str) -> Example | None:
    try:
        return parse_example(text)
    except (ExampleError, RecursionError):
        return None
