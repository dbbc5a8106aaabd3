"""Tokens: the chains of names in a piece of Python, and how each is used, by one regular expression.

It steps over strings, comments, imports and the names that `def` and `class` bind, and looks into the braces of f-strings.
That costs a fraction of what it takes to ask the tree for every identifier, and sees the same.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

__all__ = ["Token", "chains_in", "count_tokens"]

_STRING = (
    r"""(?:"(?:""[^"]*+(?>(?:"(?!"")[^"]*+)*)\"""|[^"\\\n]*+(?>(?:\\.[^"\\\n]*+)*)")"""
    r"""|'(?:''[^']*+(?>(?:'(?!'')[^']*+)*)'''|[^'\\\n]*+(?>(?:\\.[^'\\\n]*+)*)'))"""
)
_NAMES = r"(?>(?:super\(\)\.)?)[^\W\d]\w*+(?>(?:\.[^\W\d]\w*+)*)"
_BLANK = r"(?>(?:[ \t]|\\\r?\n)+)"
_LINE = r"[^\n;\\]*+(?>(?:\\(?:\r?\n)?[^\n;\\]*+)*)"  # a backslash continues it
_PATTERN = (
    rf"{_STRING}|#[^\n]*+|[rRbBuU]{{1,2}}+(?=[\"'])"
    r"|(?:def|class)[ \t]++[^\W\d]\w*+"
    rf"|(?:from{_BLANK}[.\w]++{_BLANK}import(?:{_BLANK}|(?=\())(?:\([^)]*+\)|{_LINE})|import{_BLANK}{_LINE})"
    rf"|((?:[fF][rR]?+|[rR][fF]){_STRING}|(?>(?:@|\.\s*+|:[ \t]*+)?){_NAMES}[ \t]*+(?>(?:\(|=(?!=))?))"
)
_TEXT = re.compile(_PATTERN, re.DOTALL)
_BYTES = re.compile(_PATTERN.encode(), re.DOTALL)
_CHAIN = re.compile(_NAMES)
_BRACE = re.compile(r"[{}]")
_FIELD_SIGN = re.compile(r"[][(){}:]")
_CONVERSION = re.compile(r"![rsa]\Z")
_NO_NAMES = frozenset(keyword.kwlist) | {"case", "self", "cls", ""}
MEMORY = 40_000
LONGEST_KNOWN = 100


class Token(NamedTuple):
    """A chain of names as it is used: `a.b.c` has the name `c`, the qualifier `a.b` and the root `a`; `?` is a qualifier
    that is no chain of names, `super()` stays as it is. `keyword` is the first word of one that is no name,
    `braces` an f-string."""

    use: Literal["call", "decorator", "reference", "none"]
    name: str = ""
    qualifier: str = ""
    root: str = ""
    called: bool = False
    keyword: str = ""
    braces: str = ""


def count_tokens(text: bytes) -> list[tuple[Token, int]]:
    """Return the tokens of a piece of Python in UTF-8, each with how often it stands there."""
    if text.isascii():  # most code is, and bytes are searched faster
        counted = Counter(_BYTES.findall(text))
    else:
        counted = Counter(token.encode("utf-8", "replace") for token in _TEXT.findall(text.decode("utf-8", "replace")))
    found = [(_KNOWN[token], times) for token, times in counted.items() if token]
    for token, times in [each for each in found if each[0].braces]:
        inner = (name for part in _expressions(token.braces) for name in _TEXT.findall(part) if name)
        found += [(_KNOWN[name.encode("utf-8", "replace")], times) for name in inner]
    return found


def _expressions(text: str) -> Iterator[str]:
    """Yield the expressions of an f-string: what stands in its braces before a format, and in those of the format."""
    formats = at = 0
    while (brace := _BRACE.search(text, at)) is not None:
        at = brace.end()
        if brace[0] == "}":
            formats = max(0, formats - 1)
        elif not formats and text.startswith("{", at):  # a brace that is meant as one
            at += 1
        else:
            end = _end_of_expression(text, at)
            if end < 0:
                return
            yield _CONVERSION.sub("", text[at:end])
            formats += text[end] == ":"
            at = end + 1


def _end_of_expression(text: str, at: int) -> int:
    """Return where the expression ends that begins at a place: at its format or brace; -1 when nothing ends it."""
    brackets = 0
    for match in _FIELD_SIGN.finditer(text, at):
        if match[0] in "([{":
            brackets += 1
        elif brackets:
            brackets -= match[0] != ":"
        elif match[0] in ":}":
            return match.start()
    return -1


def _read_token(token: str) -> Token:
    last = token[-1:]
    if last in ("'", '"'):
        return Token("none", braces=token)
    text = token.rstrip("( \t=")
    first, text = (text[0], text[1:].lstrip()) if text[0] in "@.:" else ("", text)
    if last == "=" and first != ":":
        return Token("none")
    qualifier, _, name = text.rpartition(".")
    root = text.partition(".")[0]
    if not qualifier and name in _NO_NAMES:
        return Token("none", keyword=name)
    if first == ".":
        qualifier, root = "?", ""
    use: Literal["call", "decorator", "reference"] = (
        "decorator" if first == "@" else "call" if last == "(" else "reference"
    )
    return Token(use, name, qualifier, root, last == "(")


class _Known(dict[bytes, Token]):
    """Tokens that were read before: the same few thousand make up most code."""

    def __missing__(self, token: bytes) -> Token:
        if len(self) >= MEMORY:
            self.clear()
        read = _read_token(token.decode())
        if len(token) <= LONGEST_KNOWN:
            self[token] = read
        return read


_KNOWN = _Known()


def chains_in(text: str) -> list[tuple[str, str]]:
    """Return (name, qualifier) of each chain of names in a piece of text, whatever surrounds it."""
    found = (chain.rpartition(".") for chain in _CHAIN.findall(text))
    return [(name, qualifier) for qualifier, _, name in found if name not in _NO_NAMES]
