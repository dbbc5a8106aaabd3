"""Text for a page: nothing in it hides, and there is never more of it than a browser and the server can carry."""

from __future__ import annotations

import json

from genloom.interfaces.visible import visible

__all__ = ["PAGE_CHARACTERS", "TEXT_CHARACTERS", "PageTexts"]

TEXT_CHARACTERS = 4_000
PAGE_CHARACTERS = 400_000

_ENCODER = json.JSONEncoder(indent=1, ensure_ascii=False, default=str)


class PageTexts:
    """The texts of one page: each is cut, and all together are, in the order in which they are asked for."""

    def __init__(self, most: int = PAGE_CHARACTERS) -> None:
        self._left = most

    def __call__(self, value: object) -> str:
        """Return a value as text that hides nothing: control and direction characters are shown, what is long is cut."""
        if value is None or value == "":
            return ""
        most = min(TEXT_CHARACTERS, self._left)
        beginning = value[: most + 1] if isinstance(value, str) else _beginning(value, most + 1)
        shown = visible(beginning[:most])
        self._left = max(0, self._left - len(shown))
        return shown if len(beginning) <= most else f"{shown} …"


def _beginning(value: object, characters: int) -> str:
    """Return at least so many characters of a value's JSON, where it has them; the rest is not made."""
    pieces: list[str] = []
    length = 0
    for piece in _ENCODER.iterencode(value):
        pieces.append(piece)
        length += len(piece)
        if length >= characters:
            break
    return "".join(pieces)[:characters]
