"""Doctests as examples: `>>> call` and the value or traceback that follows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from genloom.errors import ExampleError
from genloom.state.example import MAX_EXAMPLE_CHARACTERS, Example, parse_example
from genloom.syntax import UNPARSABLE, parse_module

__all__ = ["count_doctests", "doctest_examples"]

_PROMPT = re.compile(r"^\s*>>> ?(?P<source>.*)$")
_CONTINUATION = re.compile(r"^\s*\.\.\.(?: (?P<source>.*))?$")
_ERROR_LINE = re.compile(r"^(?:[A-Za-z_]\w*\.)*(?P<error>[A-Za-z_]\w*)(?::|$)")


def doctest_examples(text: str, bound: frozenset[str] = frozenset()) -> Iterator[Example]:
    """Yield the doctests of a text that stand alone: one call, and the literal or traceback that follows.

    Only values are compared, so what prints, sets up names or carries a doctest directive ends the reading: later lines
    may depend on it. Lines that only import names of `bound` are passed over.
    """
    for source, want in _blocks(text):
        if not want and _binds_only(source, bound):
            continue
        example = _as_example(source, want)
        if example is None:
            return
        yield example


def count_doctests(text: str, bound: frozenset[str] = frozenset()) -> int:
    """Return how many doctests a text has, those included that `doctest_examples` does not yield."""
    return sum(bool(want) or not _binds_only(source, bound) for source, want in _blocks(text))


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each prompt's source and the lines of output that follow it."""
    source: list[str] = []
    want: list[str] = []
    for line in [*text.splitlines(), ">>> "]:
        prompt = _PROMPT.match(line)
        continuation = _CONTINUATION.match(line) if source and not want else None
        if prompt:
            if source:
                yield "\n".join(source), want
            source, want = [prompt["source"]], []
        elif continuation:
            source.append(continuation["source"] or "")
        elif not line.strip() and source:
            yield "\n".join(source), want
            source, want = [], []
        elif source:
            want.append(line.strip())


def _binds_only(source: str, bound: frozenset[str]) -> bool:
    """Whether the line imports names that the module has anyway."""
    if len(source) > MAX_EXAMPLE_CHARACTERS:
        return False
    try:
        body = parse_module(source).body
    except UNPARSABLE:
        return False
    return all(
        isinstance(node, ast.Import | ast.ImportFrom) and all((a.asname or a.name) in bound for a in node.names)
        for node in body
    )


def _as_example(source: str, want: list[str]) -> Example | None:
    if "# doctest:" in source:
        return None
    if _is_traceback(want):
        return _raising(source, want)
    value = " ".join(want)
    return _parsed(f"({source}) == ({value})") if value and "..." not in value else None


def _is_traceback(want: list[str]) -> bool:
    return bool(want) and want[0].startswith("Traceback (most recent call last)")


def _raising(source: str, want: list[str]) -> Example | None:
    errors = (match["error"] for line in want[1:] if (match := _ERROR_LINE.match(line)))
    error = next(errors, None)
    return _parsed(f"raises({error}, {source})") if error else None


def _parsed(text: str) -> Example | None:
    try:
        return parse_example(text)
    except ExampleError:
        return None
