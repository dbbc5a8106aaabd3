"""The docstring of a found program: what it does, the examples as doctests, and what it raises."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any  # Any: the examples' values

from genloom.state.example import literal
from genloom.tools.synthesis.calls import Call

__all__ = ["first_sentence", "write_docstring"]

WIDTH = 84
MAX_SENTENCE = 400
MAX_DOCTESTS = 5
MAX_DOCTEST = 400


def write_docstring(prompt: str, calls: Sequence[Call], gives: str) -> str:
    """Return the docstring of a function whose result is of the engine's kind `gives`, not indented; its doctests hold."""
    shown = [call for call in calls if _fits(call)]
    tests = [_doctest(call, gives) for call in shown if not call.example.error][:MAX_DOCTESTS]
    raised = [_raising(call) for call in shown if call.example.error][:MAX_DOCTESTS]
    sentence = "\n".join(textwrap.wrap(first_sentence(prompt), WIDTH, break_long_words=False))
    parts = [sentence, "\n".join(tests), "\n".join(raised)]
    text = "\n\n".join(part for part in parts if part)
    prefix = "r" if "\\" in text else ""
    return f'{prefix}"""{text}\n"""' if "\n" in text else f'{prefix}"""{text}"""'


def first_sentence(prompt: str) -> str:
    """The prompt's first line, safe inside a raw docstring."""
    lines = [line.strip() for line in prompt.strip().splitlines() if line.strip()]
    sentence = (lines[0] if lines else "").replace('"""', "'''")[:MAX_SENTENCE].strip()
    sentence = "".join(character for character in sentence if character.isprintable())
    sentence = sentence.rstrip('"\\').replace(">>>", ">>").strip() or "What the examples show"
    return sentence if sentence[-1] in ".!?" else f"{sentence}."


def _fits(call: Call) -> bool:
    return len(call.example.text) < MAX_DOCTEST and '"""' not in call.example.text


def _doctest(call: Call, gives: str) -> str:
    """The example as a doctest: its value as Python prints it where that is sure, else a comparison that is true."""
    value = literal(call.example.expected)
    if value is None:
        return f">>> {call.example.call} is None\nTrue"
    if _prints_alike(value, gives):
        return f">>> {call.example.call}\n{value!r}"
    return f">>> {call.example.text}\nTrue"


def _raising(call: Call) -> str:
    return f"`{call.example.call}` raises `{call.example.error}`."


def _prints_alike(value: Any, gives: str) -> bool:
    """Whether whatever equals the value and is of this kind is printed as the value is: not sets and dictionaries, whose
    order may differ, and not 2 where the result may be 2.0."""
    if isinstance(value, list | tuple):
        return all(_prints_alike(item, gives) for item in value)
    if isinstance(value, float):
        return not math.isfinite(value) or not value.is_integer()
    if isinstance(value, int):
        others = {"float", "num", "any", "?", "int" if isinstance(value, bool) else "bool"}
        return not any(other in gives for other in others)
    return isinstance(value, str | bytes) or (isinstance(value, dict) and not value)
