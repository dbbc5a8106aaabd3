"""The parameters of a Python function, as written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from genloom.tools.codebase.outlines.outline import Parameter

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["read_parameters"]

_PLAIN = re.compile(r"[\w\s,.:=*/|-]*\Z")
"""Nothing in it nests, so that a comma parts two parameters."""


def read_parameters(node: Node | None, source: bytes) -> tuple[Parameter, ...]:
    """Return the parameters of a list; the tree is asked only where its text nests."""
    if node is None:
        return ()
    start, end = node.byte_range
    text = source[start + 1 : end - 1].decode("utf-8", "replace")
    if node.has_error or not _PLAIN.match(text):
        return tuple(_from_tree(node))
    return tuple(_plain(piece.strip()) for piece in text.split(",") if piece.strip())


def _plain(text: str) -> Parameter:
    declared, default, _ = text.partition("=")
    name, _, annotation = declared.partition(":")
    return Parameter(name.strip(), annotation.strip() or None, bool(default))


def _from_tree(parameters: Node) -> Iterator[Parameter]:
    for child in parameters.named_children:
        if child.type == "comment":
            continue
        if child.type in ("keyword_separator", "positional_separator"):
            yield Parameter(name=_text(child))
            continue
        name = child.child_by_field_name("name") or (child.named_children[0] if "typed" in child.type else child)
        yield Parameter(
            name=_text(name),
            annotation=_text(child.child_by_field_name("type")) or None,
            has_default=child.child_by_field_name("value") is not None,
        )


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node else ""
