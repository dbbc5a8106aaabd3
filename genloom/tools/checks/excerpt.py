"""Excerpts: bounded, printable text of what came out of the sandbox."""

from __future__ import annotations

import re
from typing import Any

from genloom.tools.sandbox.report import Opaque, Raised

__all__ = ["MAX_EXCERPT", "exception_text", "excerpt", "value_text"]

MAX_EXCERPT = 500

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def excerpt(text: str, limit: int = MAX_EXCERPT) -> str:
    """Return at most `limit` characters: the beginning and, where something is cut, the end.

    Control and direction characters and lone surrogates come out escaped, so that the text can be shown and stored.
    """
    text = text.strip()
    if len(text) > limit:
        head = limit * 2 // 3
        text = f"{text[:head]} … {text[len(text) - (limit - head - 3) :]}"
    safe = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
    return safe.encode("utf-8", "backslashreplace").decode()


def value_text(value: Any, limit: int = MAX_EXCERPT) -> str:  # Any: any decoded value
    """Return the shortened `repr` of a decoded value; total."""
    if isinstance(value, Opaque):
        return excerpt(f"{value.text} (of type {value.type_name})", limit)
    try:
        return excerpt(repr(value), limit)
    except (RecursionError, ValueError, MemoryError):  # nested too deeply, or an integer of too many digits
        return f"a {type(value).__name__} too large to show"


def exception_text(raised: Raised) -> str:
    """Return `Type: message`, with the draft's line where it is known."""
    name = raised.types[0] if raised.types else "an exception"
    message = excerpt(raised.message)
    where = f" (line {raised.line})" if raised.line else ""
    return f"{name}: {message}{where}" if message else f"{name}{where}"
