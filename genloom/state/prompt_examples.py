"""Examples that a prompt's own text holds."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from genloom.errors import ExampleError
from genloom.state.doctests import doctest_examples
from genloom.state.example import Example, parse_example
from genloom.syntax import parse_module

__all__ = ["examples_in_text"]

_BUILTINS = frozenset(dir(builtins))
_CALL = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?=\()")
_END = re.compile(r"[,;`]|\s(?:and|or|but|while)\s|\.(?:\s|$)|\s[#(-]|\u2014|\u2013")
MAX_LINES = 5_000
MAX_LINE = 2_000
MAX_STARTS = 40


def examples_in_text(text: str, name: str | None = None) -> tuple[Example, ...]:
    """Return the examples of the function `name` that a prompt's text holds: doctests, and `f(1) == 2` wherever it stands
    in a line.

    Without a name, the first example decides which function is meant; a builtin never is. Only what stands alone counts:
    a condition such as `len(items) == 0` speaks of names that it does not bring along. What does not parse as an example
    is left alone: prose is not an error.
    """
    found: dict[str, Example] = {}
    for example in (*doctest_examples(text), *_parsed(text)):
        name = name or (example.function if example.function not in _BUILTINS else None)
        if example.function == name and _names(example.call) <= {name, *_BUILTINS}:
            found.setdefault(example.text, example)
    return tuple(found.values())


def _parsed(text: str) -> Iterator[Example]:
    for line in text.splitlines()[:MAX_LINES]:
        if "(" in line and "=" in line and not line.lstrip().startswith((">>>", "...")):
            yield from _in_line(line[:MAX_LINE])
    for quoted in re.findall(r"`([^`\n]{,2000})`", text)[:MAX_LINES]:
        try:
            yield parse_example(quoted)
        except ExampleError:
            continue


def _in_line(line: str) -> Iterator[Example]:
    """Yield the examples of a line, wherever they stand in it: each begins at a call or at a literal's comparison, and
    takes as much of the line as makes an example."""
    begin = 0
    for start in [match.start() for match in _CALL.finditer(line)][:MAX_STARTS]:
        if start < begin:
            continue
        ends = [len(line), *(match.start() for match in _END.finditer(line, start))]
        for end in sorted(ends, reverse=True)[:MAX_STARTS]:
            try:
                yield parse_example(line[start:end].rstrip(" .,;`"))
            except ExampleError:
                continue
            begin = end
            break


def _names(expression: str) -> set[str]:
    return {node.id for node in ast.walk(parse_module(expression)) if isinstance(node, ast.Name)}
