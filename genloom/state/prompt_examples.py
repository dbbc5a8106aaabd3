"""Examples that a prompt's own text holds."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from genloom.errors import ExampleError
from genloom.state.doctests import doctest_examples
from genloom.state.example import Example, parse_example

__all__ = ["examples_in_text"]

_BUILTINS = frozenset(dir(builtins))
_LEAD_IN = re.compile(r"(?:such as|e\.g\.|for example|examples?):?\s+(\w[\w.]*\(.*)$", re.IGNORECASE)


def examples_in_text(text: str, name: str | None = None) -> tuple[Example, ...]:
    """Return the examples of the function `name` that a prompt's text holds: doctests, and `f(1) == 2` in back-quotes, on
    a line of its own or after "such as", "e.g." or "example:".

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
    for candidate in (*re.findall(r"`([^`\n]+)`", text), *_plain_lines(text)):
        try:
            yield parse_example(candidate)
        except ExampleError:
            continue


def _plain_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.lstrip().startswith((">>>", "...")):
            continue
        bare = re.sub(r"^[\s\-*•]+", "", line).strip().rstrip(".;,")
        yield bare
        if match := _LEAD_IN.search(bare):
            yield match.group(1)
            yield from (part.strip() for part in re.split(r"\s*(?:;|\band\b)\s*", match.group(1)))


def _names(expression: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
