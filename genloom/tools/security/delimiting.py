"""Delimiting: retrieved text goes to a model as data, in a fence that it cannot close."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from genloom.tools.security.findings import Finding

__all__ = ["delimit"]

MAX_TITLE = 200
MAX_LINES_NAMED = 3


def delimit(title: str, text: str, labels: Iterable[Finding] = ()) -> str:
    """Wrap a text so that it reads as data: `<data-ID title="…">`, the text, `</data-ID>`.

    ID is made of a hash of title and text, so a text cannot contain its own closing line by chance or by design; should it
    do so, the hash is taken again. The same input gives the same output everywhere. Line breaks, quotes and angle brackets
    are taken out of the title. `labels` are named in the first line: `labels="overrides-instructions (line 3)"`.
    """
    label = _attribute(title)[:MAX_TITLE]
    digest = hashlib.sha256(f"{label}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    while f"data-{digest[:12]}" in text:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    fence = f"data-{digest[:12]}"
    newline = "" if text.endswith("\n") else "\n"
    return f'<{fence} title="{label}"{_labelled(labels)}>\n{text}{newline}</{fence}>\n'


def _attribute(value: str) -> str:
    return " ".join("".join(" " if c in '<>"' or not c.isprintable() else c for c in value).split())


def _labelled(labels: Iterable[Finding]) -> str:
    """Return the labels as an attribute: each kind once, with its first lines."""
    lines: dict[str, list[int]] = {}
    for finding in labels:
        lines.setdefault(finding.kind, []).append(finding.line)
    kinds = [f"{kind} ({_lines(sorted(set(found)))})" for kind, found in sorted(lines.items())]
    return f' labels="{_attribute("; ".join(kinds))}"' if kinds else ""


def _lines(lines: list[int]) -> str:
    more = ", …" if len(lines) > MAX_LINES_NAMED else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:MAX_LINES_NAMED]))}{more}"
