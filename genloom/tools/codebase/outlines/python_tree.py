"""The places of definitions and imports in the tree of a Python file.

Statements are walked, and only those that can hold what is sought: a query over the whole tree took five times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Found", "Place", "find_places"]

MAX_DEFINITIONS = 60_000
MAX_DEPTH = 100  # Python's own limit of indentation
IMPORTS = frozenset(["import_statement", "import_from_statement", "future_import_statement"])
HOLDERS = frozenset(
    "block if_statement elif_clause else_clause try_statement except_clause except_group_clause finally_clause "
    "with_statement for_statement while_statement match_statement case_clause ERROR".split()
)
_HOLDS = re.compile(rb"\b(?:def|class|import)\b")


class Place(NamedTuple):
    """Where a definition stands: its node, the one with its decorators, the node's children by type (the last of each),
    its parent's ordinal, and its docstring."""

    node: Node
    outer: Node
    parts: dict[str, Node]
    parent: int
    doc: Node | None


class Found(NamedTuple):
    """The places of a file in the order of their text, its imports with the definition around each, the assignments of the
    module, and how many attributes each class assigns."""

    places: list[Place]
    imports: list[tuple[Node, int]]
    assignments: list[Node]
    attributes: dict[int, int]


def find_places(root: Node, source: bytes) -> Found:
    """Walk the statements of a tree, and return what they define and import."""
    found = Found([Place(root, root, {}, 0, _doc(root.named_children))], [], [], {})
    _walk(root.named_children, 0, "module", source, found, 0)
    return found


def _walk(nodes: Sequence[Node], ordinal: int, around: str, source: bytes, found: Found, depth: int) -> None:
    """Note what the statements define; `around` is `module` or `class` right inside one, else empty."""
    for node in nodes:
        kind = node.type
        if kind == "expression_statement":
            _note_assignments(node, ordinal, around, found)
        elif kind in ("function_definition", "class_definition"):
            _define(node, node, ordinal, source, found, depth)
        elif kind == "decorated_definition":
            _define(node.child_by_field_name("definition"), node, ordinal, source, found, depth)
        elif kind in IMPORTS:
            found.imports.append((node, ordinal))
        elif kind in HOLDERS and depth < MAX_DEPTH and _HOLDS.search(source, node.start_byte, node.end_byte):
            _walk(node.named_children, ordinal, "", source, found, depth + 1)


def _define(node: Node | None, outer: Node, parent: int, source: bytes, found: Found, depth: int) -> None:
    ordinal = len(found.places)
    if node is None or ordinal > MAX_DEFINITIONS or depth >= MAX_DEPTH:
        return
    parts = {child.type: child for child in node.children}
    body = parts.get("block")
    statements = body.named_children if body is not None else []
    found.places.append(Place(node, outer, parts, parent, _doc(statements)))
    is_class = node.type == "class_definition"
    if body is not None and (is_class or _HOLDS.search(source, body.start_byte, body.end_byte)):
        _walk(statements, ordinal, "class" if is_class else "", source, found, depth + 1)


def _note_assignments(statement: Node, ordinal: int, around: str, found: Found) -> None:
    node = statement.named_child(0) if around else None
    kind = node.type if node is not None else ""
    if node is None or kind not in ("assignment", "augmented_assignment"):
        return
    if around == "module":
        found.assignments.append(node)
    elif kind == "assignment":
        left = node.child_by_field_name("left")
        if left is not None and left.type == "identifier":
            found.attributes[ordinal] = found.attributes.get(ordinal, 0) + 1


def _doc(statements: Sequence[Node]) -> Node | None:
    """Return the string that opens a block, comments aside."""
    first = next(_no_comments(statements), None)
    if first is None or first.type != "expression_statement":
        return None
    string = first.named_child(0)
    return string if string is not None and string.type == "string" else None


def _no_comments(statements: Sequence[Node]) -> Iterator[Node]:
    return (statement for statement in statements if statement.type != "comment")
