"""Building blocks on regular expressions, with generic character classes only: none can take long on a bounded text."""

from __future__ import annotations

import re
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["CLASSES", "blocks"]

CLASSES: dict[str, str] = {
    "[a-z]": "lowercase lower letter small",
    "[A-Z]": "uppercase upper capital letter camel case",
    "[a-z0-9]": "slug url alphanumeric",
    "[A-Za-z0-9]": "alphanumeric word token",
    "[A-Za-z]": "letter alphabetic",
    "[0-9]": "digit number numeric",
    r"\s": "space white blank",
    "[^a-z0-9]": "slug punctuation url alphanumeric symbol",
    "[^A-Za-z0-9]": "punctuation alphanumeric symbol special slug",
    "[^A-Za-z]": "nonletter letter alphabetic punctuation",
    "[^0-9]": "digit nondigit number only keep phone",
    r"[^\w\s]": "punctuation symbol special",
    "[aeiouAEIOU]": "vowel",
    "[^aeiouAEIOU]": "consonant vowel",
    r"\w": "word token",
}
"""Character classes with the words that suggest them."""


def _substitute(pattern: str) -> Any:
    compiled = re.compile(pattern)
    return lambda text, new: compiled.sub(lambda _: new, text)


def _remove(pattern: str) -> Any:
    compiled = re.compile(pattern)
    return lambda text: compiled.sub("", text)


def _insert_before(pattern: str) -> Any:
    compiled = re.compile(pattern)
    return lambda text, new: compiled.sub(lambda match: new + match[0], text)


def _pieces(pattern: str) -> Any:
    return re.compile(pattern).findall


def _whole(pattern: str) -> Any:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def blocks() -> tuple[Operator, ...]:
    """For every class: cut out, replace or find single characters and runs of them."""
    found: list[Operator] = []
    for one, words in CLASSES.items():
        run = f"{one}+"
        found += [
            _block(
                f're.sub(r"{run}", {{1}}, {{0}})', "str,str -> str", _substitute(run), f"{words} replace collapse", 4
            ),
            _block(
                f're.sub(r"{one}", "", {{0}})', "str -> str", _remove(one), f"{words} remove drop without delete", 4
            ),
            _block(f're.findall(r"{run}", {{0}})', "str -> list[str]", _pieces(run), f"{words} find extract", 4),
        ]
    for one in ("[A-Z]", "[0-9]"):
        words = CLASSES[one]
        found += [
            _block(
                f're.sub(r"({one})", {{1}} + r"\\1", {{0}})',
                "str,str -> str",
                _insert_before(one),
                f"{words} insert snake kebab",
                4,
            ),
            _block(
                f're.sub(r"(?<!^)({one})", {{1}} + r"\\1", {{0}})',
                "str,str -> str",
                _insert_before(f"(?<!^){one}"),
                f"{words} insert snake kebab",
                5,
            ),
        ]
    for one in (r"\d+", r"-?\d+", r"-?\d+(?:\.\d+)?"):
        found.append(
            _block(f're.fullmatch(r"{one}", {{0}}) is not None', "str -> bool", _whole(one), "number numeric valid", 5)
        )
        found.append(
            _block(f're.findall(r"{one}", {{0}})', "str -> list[str]", _pieces(one), "number extract find integer", 4)
        )
    return tuple(found)


def _block(code: str, signature: str, call: Any, words: str, cost: int) -> Operator:
    # braces of the pattern would read as fields of the template; no class above has any
    return block(code, signature, words, call=call, cost=cost, grows="{1}" in code)
