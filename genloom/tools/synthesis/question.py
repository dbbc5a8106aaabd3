"""The question that an answer leaves open: one call, whose result would decide between programs of like cost."""

from __future__ import annotations

import re

from genloom.state.example import Example, parse_example

__all__ = ["MAX_QUESTIONS", "example_from"]

MAX_QUESTIONS = 3
"""How often a person is asked before the answer stands as it is."""


def example_from(call: str, told: str) -> Example:
    """Return the example that somebody gives by telling what a call gives: a literal, or `raises(ValueError)`.

    Raises `ExampleError` for anything else.
    """
    error = re.fullmatch(r"raises\((\w+)\)", told.strip())
    return parse_example(f"raises({error[1]}, {call})" if error else f"{call} == ({told.strip()})")
