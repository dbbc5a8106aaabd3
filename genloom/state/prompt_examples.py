"""Examples that a prompt's own text holds."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from genloom.errors import ExampleError
from genloom.events import Note
from genloom.state.doctests import doctest_examples
from genloom.state.example import Example, parse_example
from genloom.syntax import parse_expression

__all__ = ["examples_in_text", "notes_of_examples"]

_BUILTINS = frozenset(dir(builtins))
_CALL = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?=\()")
_END = re.compile(r"[,;`]|\s(?:and|or|but|while)\s|\.(?:\s|$)|\s[#(-]|\u2014|\u2013")
_TOKEN = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|["'()\[\]{},;`#]"""
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_SAYS_SOMETHING = re.compile(r"==|\bis\b|\braises\b")
MAX_LINES = 5_000
MAX_LINE = 2_000
MAX_STARTS = 40
MAX_PARSES = 2_000
MAX_PARSED_CHARACTERS = 100_000
MAX_SIGNS = 250_000


class _Budget:
    """What one text may cost: parses, characters parsed, and signs looked at for an example's end."""

    def __init__(self) -> None:
        self._parses = MAX_PARSES
        self._characters = MAX_PARSED_CHARACTERS
        self._signs = MAX_SIGNS

    def parse(self, characters: int) -> bool:
        """Whether so much more may be parsed."""
        self._parses -= 1
        self._characters -= characters
        return not self.spent

    def looked_at(self, signs: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
        """Yield signs as long as more of them may be looked at."""
        for sign in signs:
            self._signs -= 1
            if self._signs < 0:
                return
            yield sign

    @property
    def spent(self) -> bool:
        """Whether nothing more may be tried."""
        return min(self._parses, self._characters, self._signs) < 0


def examples_in_text(text: str, name: str | None = None) -> tuple[Example, ...]:
    """Return the examples of the function `name` that a prompt's text holds: doctests, and `f(1) == 2` wherever it stands
    in a line.

    Without a name, the first example decides which function is meant; a builtin never is. Only what stands alone counts:
    a condition such as `len(items) == 0` speaks of names that it does not bring along. What does not parse as an example
    is left alone: prose is not an error.

    The text is read from its beginning, doctests first, until 2,000 places or 100,000 characters were tried; what
    stands after them is left alone, so that no text takes long.
    """
    found: dict[str, Example] = {}
    for example in _all(text):
        name = name or (example.function if example.function not in _BUILTINS else None)
        if example.function == name and _names(example.call) - _BUILTINS <= {name}:
            found.setdefault(example.text, example)
    return tuple(found.values())


def notes_of_examples(found: Iterable[Example]) -> Iterator[Note]:
    """Yield what is told of each example that was found so."""
    return (Note(message=f"Taken from the prompt as an example: {example.text}") for example in found)


def _all(text: str) -> Iterator[Example]:
    budget = _Budget()
    for example in doctest_examples(text):
        if not budget.parse(len(example.text)):
            return
        yield example
    yield from _parsed(text, budget)


def _parsed(text: str, budget: _Budget) -> Iterator[Example]:
    for line in text.splitlines()[:MAX_LINES]:
        if budget.spent:
            return
        if "(" in line and "=" in line and not line.lstrip().startswith((">>>", "...")):
            yield from _in_line(line[:MAX_LINE], budget)
    for quoted in islice(re.finditer(r"`([^`\n]{,2000})`", text), MAX_LINES):
        example = _example(quoted[1], budget)
        if example is not None:
            yield example


def _in_line(line: str, budget: _Budget) -> Iterator[Example]:
    """Yield the examples of a line, wherever they stand in it: each begins at a call or at a literal's comparison, and
    takes as much of the line as makes an example."""
    begin = 0
    last_said = max((match.start() for match in _SAYS_SOMETHING.finditer(line)), default=-1)
    ends = [len(line), *reversed([match.start() for match in _END.finditer(line)])]
    for start in [match.start() for match in _CALL.finditer(line)][:MAX_STARTS]:
        if start < begin or start > last_said:
            continue
        closed = _closed(line, start, budget)
        for end in [end for end in ends if end > start and closed[end]][:MAX_STARTS]:
            example = _example(line[start:end].rstrip(" .,;`"), budget)
            if example is not None:
                yield example
                begin = end
                break


def _closed(line: str, start: int, budget: _Budget) -> bytearray:
    """Return for each place of the line whether an expression that begins at `start` may end there: no bracket, text or
    remark is open, and no comma, semicolon or back-quote was passed outside of them. What is told to be closed may be no
    expression all the same."""
    closed = bytearray(len(line) + 1)
    for begin, end in _closed_parts(line, start, budget):
        closed[begin : end + 1] = b"\1" * (end + 1 - begin)
    return closed


def _closed_parts(line: str, start: int, budget: _Budget) -> Iterator[tuple[int, int]]:
    begin, end, depth = start, len(line), 0
    for token in budget.looked_at(_TOKEN.finditer(line, start)):
        sign = token[0]
        if sign in _CLOSING and depth:
            depth -= 1
            begin = token.end()
        elif sign in _OPENING or len(sign) > 1:
            if not depth:
                yield begin, token.start()
            depth += sign in _OPENING
            begin = token.end()
        elif not depth or sign not in ",;":
            end = token.start()
            break
    if not depth:
        yield begin, end
        if line.startswith("#", end):
            yield len(line), len(line)


def _example(text: str, budget: _Budget) -> Example | None:
    if not _SAYS_SOMETHING.search(text) or not budget.parse(len(text)):
        return None
    try:
        return parse_example(text)
    except ExampleError:
        return None


def _names(expression: str) -> set[str]:
    return {node.id for node in ast.walk(parse_expression(expression)) if isinstance(node, ast.Name)}
