"""Licences: which ones the comments and docstrings of a file declare, by SPDX identifier or by their well-known words.

The words are those of the licences' own standard headers; identifiers and expressions are those of the SPDX licence list
(ISO/IEC 5962). Text that is copied without its header is not found.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["UNKNOWN", "DeclaredLicence", "find_licences", "is_allowed"]

UNKNOWN = "NOASSERTION"
"""SPDX's word for a licence that nobody named: a copyright notice, or an expression that cannot be read."""

_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([^\r\n]{1,200})", re.IGNORECASE)
_EXPRESSION = re.compile(r"\(|\)|[A-Za-z0-9][A-Za-z0-9.+:-]*")
_COPYRIGHT = re.compile(r"copyright\s+(?:\(c\)|\u00a9|\d{4})|\u00a9\s*\d{4}|all rights reserved", re.IGNORECASE)
_MAX_WORDS_APART = 20
_HINTS = (
    "licen",
    "copyright",
    "\u00a9",
    "rights",
    "permission",
    "redistribution",
    "unencumbered",
    "cc by",
    "as-is",
    "commons",
)
"""One of these stands in every text that is looked for: most files hold none, and need not be cut into tokens."""


def _words(text: str) -> re.Pattern[str]:
    """A pattern of words in this order, whatever stands between them: line breaks, comment marks, quotes."""
    return re.compile(rf"\W{{1,{_MAX_WORDS_APART}}}".join(map(re.escape, text.split())), re.IGNORECASE)


_KNOWN: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (anchor, licence, _words(text))
    for anchor, licence, text in (
        ("affero", "AGPL-3.0", "GNU Affero General Public License"),
        ("lesser", "LGPL-3.0", "GNU Lesser General Public License"),
        ("library general", "LGPL-2.0", "GNU Library General Public License"),
        ("general public", "GPL-3.0", "GNU General Public License"),
        ("apache", "Apache-2.0", "Licensed under the Apache License"),
        ("apache", "Apache-2.0", "Licensed to the Apache Software Foundation"),
        ("mozilla", "MPL-2.0", "subject to the terms of the Mozilla Public License"),
        ("eclipse", "EPL-2.0", "terms of the Eclipse Public License"),
        ("hereby granted", "MIT", "Permission is hereby granted free of charge to any person obtaining a copy"),
        ("mit license", "MIT", "licensed under the MIT license"),
        ("mit license", "MIT", "released under the MIT license"),
        ("redistribution", "BSD-3-Clause", "Redistribution and use in source and binary forms"),
        ("bsd", "BSD-3-Clause", "governed by a BSD style license"),
        ("and or distribute", "ISC", "Permission to use copy modify and or distribute this software"),
        ("to use, copy", "ISC", "Permission to use copy modify and distribute this software"),
        ("unencumbered", "Unlicense", "free and unencumbered software released into the public domain"),
        ("as-is", "Zlib", "provided as is without any express or implied warranty In no event will the authors"),
        ("creative commons", "CC-BY-SA-4.0", "Creative Commons Attribution ShareAlike"),
        ("cc by-sa", "CC-BY-SA-4.0", "CC BY SA"),
        ("boost software", "BSL-1.0", "Boost Software License"),
    )
)


@dataclass(frozen=True)
class DeclaredLicence:
    """A licence that a file declares: an SPDX expression, or the identifier of the licence whose words it holds."""

    expression: str
    line: int


def find_licences(source: str) -> tuple[DeclaredLicence, ...]:
    """Return the licences that the comments and docstrings of a source text declare, each once, at their first line.

    A copyright notice without a licence gives `NOASSERTION`.
    """
    lowered = source.lower()
    if not any(hint in lowered for hint in _HINTS):
        return ()
    prose = _Prose(source)
    found = {**_spelled_out(prose), **_by_identifier(prose)}
    if not found:
        match = _COPYRIGHT.search(prose.text)
        return (DeclaredLicence(UNKNOWN, prose.line(match.start())),) if match else ()
    return tuple(sorted((DeclaredLicence(name, line) for name, line in found.items()), key=lambda d: d.line))


def is_allowed(expression: str, allowed: Iterable[str]) -> bool:
    """Whether an SPDX expression can be met by allowed licences alone: one side of each OR, both of each AND.

    Identifiers are compared without regard to case; an allowed name that ends in `*` stands for all that begin so. An
    exception (`WITH …`) only ever allows more, and is not looked at. What is no expression is not allowed.
    """
    words = _EXPRESSION.findall(expression)
    if not words or _EXPRESSION.sub("", expression).strip():
        return False
    try:
        return _Expression(words, tuple(name.lower() for name in allowed)).value()
    except (IndexError, RecursionError):
        return False


def _by_identifier(prose: _Prose) -> dict[str, int]:
    found: dict[str, int] = {}
    for match in _SPDX.finditer(prose.text):
        expression = " ".join(match[1].strip(" \t*/'\"").split())
        found.setdefault(expression or UNKNOWN, prose.line(match.start()))
    return found


def _spelled_out(prose: _Prose) -> dict[str, int]:
    """The words of known licences; those that an identifier names already are not told again."""
    lowered = prose.text.lower()
    named = {word.lower() for match in _SPDX.finditer(prose.text) for word in _EXPRESSION.findall(match[1])}
    found: dict[str, int] = {}
    for anchor, licence, pattern in _KNOWN:
        if anchor.split()[0] not in lowered or any(name.startswith(licence.lower()) for name in named):
            continue
        match = pattern.search(prose.text)
        if match:
            found.setdefault(licence, prose.line(match.start()))
    return found


class _Prose:
    """The comments and docstrings of a source text, with their lines; all of it where it cannot be cut into tokens."""

    def __init__(self, source: str) -> None:
        self._lines: list[int] = []
        pieces: list[str] = []
        for line, text in _pieces(source):
            for offset, part in enumerate(text.splitlines()):
                pieces.append(part)
                self._lines.append(line + offset)
        self.text = "\n".join(pieces)

    def line(self, position: int) -> int:
        """The 1-based line of the source that a position of the text stands on."""
        return self._lines[self.text.count("\n", 0, position)]


def _pieces(source: str) -> Sequence[tuple[int, str]]:
    try:
        return list(_prose_tokens(source))
    except (tokenize.TokenError, SyntaxError, UnicodeError):  # since 3.12 a lone carriage return may split a character
        return [(1, source)]


def _prose_tokens(source: str) -> Iterator[tuple[int, str]]:
    starts_statement = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and starts_statement):
            yield token.start[0], token.string
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            starts_statement = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)


class _Expression:
    """A reader of SPDX expressions: AND binds more tightly than OR."""

    def __init__(self, words: Sequence[str], allowed: tuple[str, ...]) -> None:
        self._words = list(reversed(words))
        self._allowed = allowed

    def value(self) -> bool:
        value = self._either()
        return value and not self._words

    def _either(self) -> bool:
        value = self._all()
        while self._next_is("OR"):
            other = self._all()
            value = value or other
        return value

    def _all(self) -> bool:
        value = self._one()
        while self._next_is("AND"):
            other = self._one()
            value = value and other
        return value

    def _one(self) -> bool:
        word = self._words.pop()
        if word == "(":
            value = self._either()
            return self._next_is(")") and value
        value = any(self._matches(name, word.lower()) for name in self._allowed)
        if self._next_is("WITH"):
            self._words.pop()
        return value

    def _next_is(self, word: str) -> bool:
        if self._words and self._words[-1].upper() == word:
            self._words.pop()
            return True
        return False

    @staticmethod
    def _matches(name: str, licence: str) -> bool:
        return licence.startswith(name[:-1]) if name.endswith("*") else licence == name
