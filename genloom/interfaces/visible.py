"""Text as a person may look at it: nothing in it acts on a terminal, or hides itself or what stands beside it."""

from __future__ import annotations

__all__ = ["visible"]

_KEPT = {"\n", "\t"}
_BIDIRECTIONAL = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}


def visible(text: str) -> str:
    """Return the text with control characters shown as escapes, so that it cannot act on a terminal or hide itself."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    code = ord(character)
    hidden = code < 32 or 127 <= code < 160 or code in _BIDIRECTIONAL or 0xD800 <= code < 0xE000
    return ascii(character)[1:-1] if hidden and character not in _KEPT else character
