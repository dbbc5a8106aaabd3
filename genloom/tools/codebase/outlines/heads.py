"""Heads: a definition's signature, parameters and what it returns, as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from genloom.tools.codebase.outlines.outline import Parameter

if TYPE_CHECKING:
    from tree_sitter import Node

    from genloom.tools.codebase.outlines.places import Place

__all__ = ["parameters_of", "returned", "signature_of", "squeezed"]

MAX_SIGNATURE = 1_000
MAX_PART = 300
MAX_PARAMETERS = 100
_BODY_MARK = re.compile(r"\s*(?:=>|=|\{)$")
_EMPTY_BODY = re.compile(r"[;\s]+end$")
_LAST_WORD = re.compile(r"[\w$]+(?=\W*$)")


def squeezed(text: bytes, limit: int = MAX_PART) -> str:
    """Return text on one line, each run of white space one blank, up to `limit` characters."""
    return " ".join(text[: 4 * limit].decode("utf-8", "replace").split())[:limit]


def signature_of(source: bytes, place: Place, left_out: Iterable[tuple[int, int]]) -> str:
    """Return a definition's head without what is left out (decorators, comments), and without the mark of its body."""
    pieces, position = [], place.head_start
    end = min(place.body_start, place.end, position + 8 * MAX_SIGNATURE)
    for start, stop in sorted(left_out):
        if position <= start < end:
            pieces.append(source[position:start])
            position = stop
    pieces.append(source[position:end])
    text = squeezed(b" ".join(pieces), MAX_SIGNATURE).rstrip("; ")
    return _BODY_MARK.sub("", text) if place.body_start < place.end else _EMPTY_BODY.sub("", text)


def parameters_of(node: Node | None) -> Iterator[Parameter]:
    """Yield the parameters, up to a hundred; several names that share a type are one each."""
    if node is None:
        return
    items = node.named_children[:MAX_PARAMETERS] or ([node] if node.type == "identifier" else [])
    for item in items:
        if "comment" not in item.type and item.type not in ("attribute_item", "attribute_list"):
            yield from _parameter(item)


def _parameter(item: Node) -> Iterator[Parameter]:
    annotation = _part(item.child_by_field_name("type"))
    default = any(item.child_by_field_name(field) for field in ("value", "default_value", "right"))
    default = default or any(child.type == "=" for child in item.children)
    names = item.children_by_field_name("name") or [
        found for field in ("pattern", "declarator", "left") if (found := item.child_by_field_name(field))
    ]
    for name in names:
        yield Parameter(_parameter_name(name), annotation, default)
    if not names:  # one without a name, or one whose parts the grammar does not name (Java's `int... b`)
        before, _, last = squeezed(item.text or b"").rpartition(" ")
        yield Parameter("_" if annotation else last, annotation or before or None, default)


def _parameter_name(node: Node) -> str:
    text = squeezed(node.text or b"")
    if "declarator" not in node.type or "function" in node.type:
        return text
    word = _LAST_WORD.search(text.partition("[")[0])
    return word[0] if word else text


def returned(node: Node | None) -> str | None:
    """Return the type that a function returns, as written, without the mark before it."""
    return _part(node)


def _part(node: Node | None) -> str | None:
    return squeezed(node.text or b"").removeprefix("->").lstrip(": ") or None if node else None
