"""Delimiting: retrieved text goes to a model as data, in a fence that it cannot close."""

from __future__ import annotations

import hashlib

__all__ = ["delimit"]

MAX_TITLE = 200


def delimit(title: str, text: str) -> str:
    """Wrap a text so that it reads as data: `<data-ID title="…">`, the text, `</data-ID>`.

    ID is made of a hash of title and text, so a text cannot contain its own closing line by chance or by design; should it
    do so, the hash is taken again. The same input gives the same output everywhere. Line breaks, quotes and angle brackets
    are taken out of the title.
    """
    label = "".join(" " if character in '<>"' or not character.isprintable() else character for character in title)
    label = " ".join(label.split())[:MAX_TITLE]
    digest = hashlib.sha256(f"{label}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    while f"data-{digest[:12]}" in text:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    fence = f"data-{digest[:12]}"
    newline = "" if text.endswith("\n") else "\n"
    return f'<{fence} title="{label}">\n{text}{newline}</{fence}>\n'
