"""Macros of C and C++ that stand where a grammar, which does not expand them, expects something else."""

from __future__ import annotations

import re

__all__ = ["without_macros"]

_MACRO = rb"[A-Z][A-Z0-9_]{2,60}"
_BEFORE_DEFINITION = re.compile(
    rb"^[ \t]*(" + _MACRO + rb")\s{1,80}(?=(?:class|struct|enum|union|template|namespace|using|typedef)\b|//|/\*|#)",
    re.MULTILINE,
)
_BEFORE_NAME = re.compile(
    rb"\b(?:class|struct|union|enum) (" + _MACRO + rb"(?:\([^()\n]{0,100}\))?) "
    rb"(?=[A-Za-z_]\w{0,100}(?:<[^{};]{0,200}>)?\s{0,80}(?:final\s{0,9})?[:{])"
)
_SPECIFIER = re.compile(
    rb"(?<!define )(?<!ifdef )(?<!ifndef )(?<!undef )\b([A-Z][A-Z0-9]{0,30}_[A-Z0-9_]{0,60})[ \t]{1,40}"
    rb"(?=~|[A-Za-z_][\w:]{0,100}(?:<[^<>(){};]{0,100}>)?[\s*&]{1,40}[A-Za-z_~]|[a-z_]\w{0,100}\()"
)
_AFTER_IF = re.compile(rb"\bif (" + _MACRO + rb")(?= \()")
_AFTER_PARAMETERS = re.compile(
    rb"\)[ \t]{0,80}(?:const|override|noexcept)?\s{0,80}\b(" + _MACRO + rb"\([^()\n]{0,200}\))(?=\s{0,80}[{;])"
)


def without_macros(source: bytes) -> bytes:
    """Return the source, of the same length, without annotations by macros: before a definition (`FMT_EXPORT class`), in a
    class's head (`class API Name {`), and after parameters (`void f() GUARDED_BY(mutex) {`)."""
    for pattern in (_BEFORE_DEFINITION, _BEFORE_NAME, _SPECIFIER, _AFTER_IF, _AFTER_PARAMETERS):
        source = pattern.sub(_blank, source)
    return source


def _blank(match: re.Match[bytes]) -> bytes:
    text, start, end = match[0], match.start(1) - match.start(), match.end(1) - match.start()
    return text[:start] + b" " * (end - start) + text[end:]
