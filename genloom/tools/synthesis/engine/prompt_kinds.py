"""Kinds told by the prompt, where neither annotations nor examples tell: what an empty list is a list of."""

from __future__ import annotations

import re

from genloom.tools.synthesis.engine.kinds import UNKNOWN, compose, parts
from genloom.tools.synthesis.engine.vocabulary import stem, stems

__all__ = ["told_kind", "with_told"]

_HOLDERS = r"(?:list|sequence|array|tuple|set|collection|serie)s?"
_CONTAINER = re.compile(rf"\b{_HOLDERS} of (?:the |all |some )?(\w+)", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(words|strings|texts|names|lines|characters|letters|numbers|integers|ints|floats|digits)\b", re.IGNORECASE
)
_KINDS = {
    "str": stems("words strings texts names lines characters letters"),
    "int": stems("numbers integers ints digits counts indices"),
    "float": stems("floats decimals"),
}


def told_kind(prompt: str) -> str:
    """The kind of the items that a prompt speaks of first (`a list of words`, else `the words`); empty where of none."""
    for pattern in (_CONTAINER, _NAMED):
        for word in pattern.findall(prompt):
            for kind, words in _KINDS.items():
                if stem(word) in words:
                    return kind
    return ""


def with_told(kind: str, told: str) -> str:
    """A kind whose unknown items are of the kind that the prompt tells; one that knows its items stays as it is."""
    head, arguments = parts(kind)
    if not told or head not in ("list", "set"):
        return kind
    return compose(head, tuple(told if inner == UNKNOWN else with_told(inner, told) for inner in arguments))
