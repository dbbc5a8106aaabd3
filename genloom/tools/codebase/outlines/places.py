"""Places: where the definitions of a file stand, how they nest, and which of them belong to a type that stands elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genloom.tools.codebase.outlines.comments import Lead, Leading
from genloom.tools.codebase.outlines.outline import Segment
from genloom.tools.codebase.outlines.segments import OwnerMap, flatten

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["CLASSES", "FUNCTIONS", "Place", "find_places"]

CLASSES = frozenset(["class", "interface", "type"])
FUNCTIONS = frozenset(["function", "method"])
KINDS = ("class", "interface", "type", "method", "function", "extension", "scope")
MAX_PLACES = 60_000
MAX_NAME = 200
MAX_QUALIFIED = 1_000
_CHAIN = re.compile(r"[\w$~#]+(?:(?:\.|::)[\w$~#?!=]+)*[?!=]?")
_OPERATOR = re.compile(r"\boperator\b(?:\s*\(\s*\)|[^(]*)")
_WHOLE_BODIES = frozenset(["preproc_arg", "struct_type", "interface_type", "arrow_expression_clause"])
_OPENINGS = frozenset(["{", "field_declaration_list"])
_OPERATORS = frozenset(["operator_declaration", "conversion_operator_declaration"])
_NO_OWNER = frozenset(["module", "exports", "prototype", "this", "self", "window", "globalThis"])


@dataclass(slots=True)
class Place:
    """One definition, or a block that only lends its name (`scope`: a namespace; `extension`: more of a type).

    `start` and `end` take in wrappers, decorators and the doc comment; `head_start` is where wrappers begin. `around` is the
    index of the place around it, -1 for none; `ordinal` is 0 for a block, or what an extension extends.
    """

    kind: str
    node: Node
    start: int
    end: int
    head_start: int
    lead: Lead
    around: int
    name: str = ""
    name_start: int = -1
    owner: str = ""
    body_start: int = -1
    ordinal: int = 0
    parent: int = 0
    qualified: str = ""
    parts: dict[str, Node] = field(default_factory=dict)

    @property
    def is_block(self) -> bool:
        """Whether it is no definition of its own."""
        return self.kind in ("scope", "extension")


def find_places(captures: Mapping[str, Sequence[Node]], source: bytes, leading: Leading) -> list[Place]:
    """Return the places in order, an outer one before those inside it, each with its name, parent and ordinal."""
    places = list(_laid_out(captures, leading))
    nodes = flatten(Segment(*place.node.byte_range, index, "body") for index, place in enumerate(places, 1))
    owners = OwnerMap(nodes)
    for part in ("name", "owner", "parameters", "returns"):
        found = sorted(captures.get(part, ()), key=lambda node: node.start_byte)
        for node, index in zip(found, owners.ordinals(node.start_byte for node in found), strict=True):
            if index:
                _attach(places[index - 1], part, node)
    for place in places:
        _name(place)
        if not place.name:  # nothing could name it again
            place.kind = "scope"
    _nest(places)
    return places


def _laid_out(captures: Mapping[str, Sequence[Node]], leading: Leading) -> Iterator[Place]:
    """Yield the places without names, in order."""
    around: list[tuple[int, int]] = []  # end and index of the open places
    floors = [0]  # where the last place inside each of them ended
    wrappers: list[Node] = []
    index = -1
    for kind, node in _ordered(captures):
        if kind == "outer":
            wrappers.append(node)
            continue
        start, end = node.byte_range
        wrappers = [outer for outer in wrappers if outer.end_byte >= end]
        if wrappers:
            start, end = wrappers[0].byte_range
        wrappers = []
        while around and around[-1][0] <= node.start_byte:
            around.pop()
            floors.pop()
        end = min(end, around[-1][0]) if around else end
        lead = leading.before(start, floors[-1])
        index += 1
        yield Place(
            kind, node, lead.start, end, start, lead, around[-1][1] if around else -1, body_start=_body(node, end)
        )
        floors[-1] = end
        around.append((end, index))
        floors.append(node.start_byte)


def _ordered(captures: Mapping[str, Sequence[Node]]) -> list[tuple[str, Node]]:
    """Return the nodes with their kinds, outer before inner, a node that was captured twice once."""
    found: dict[tuple[int, int], tuple[str, Node]] = {}
    for kind in KINDS:
        for node in captures.get(kind, ()):
            found.setdefault(node.byte_range, (kind, node))
    ordered = sorted(found.items(), key=lambda item: (item[0][0], -item[0][1]))[:MAX_PLACES]
    entries = [(start, -end, 1, kind, node) for (start, end), (kind, node) in ordered]
    entries += [(node.start_byte, -node.end_byte, 0, "outer", node) for node in captures.get("outer", ())]
    return [(entry[3], entry[4]) for entry in sorted(entries, key=lambda entry: entry[:3])]


def _body(node: Node, end: int) -> int:
    """Return where the definition's body begins; `end` when all of it is head."""
    for name in ("body", "accessors", "value", "right", "type"):
        child = node.child_by_field_name(name)
        if child is None:
            continue
        inner = child if name in ("body", "accessors") else child.child_by_field_name("body")
        if inner is None and child.type in _WHOLE_BODIES:
            inner = next((part for part in child.children[:4] if part.type in _OPENINGS), child)
        if inner is not None:
            return inner.start_byte
    return end


def _attach(place: Place, part: str, node: Node) -> None:
    """Keep a part that stands in the head: the first, and the last for what is returned. A typedef is named at its end."""
    in_head = node.start_byte < place.body_start or (part == "name" and place.kind == "class")
    if in_head and (part == "returns" or part not in place.parts):
        place.parts[part] = node


def _name(place: Place) -> None:
    node = place.parts.get("name")
    if node is None:
        return
    place.name_start = node.start_byte
    text = (node.text or b"")[:MAX_NAME].decode("utf-8", "replace").strip().removeprefix(":").removeprefix("r#")
    place.owner, place.name = _split(text, is_block=place.is_block)
    if place.node.type in _OPERATORS:
        place.name = f"operator {place.name}" if place.name[:1].isalnum() else f"operator{place.name}"
    if "owner" in place.parts:
        place.owner = (place.parts["owner"].text or b"")[:MAX_NAME].decode("utf-8", "replace")


def _split(text: str, *, is_block: bool) -> tuple[str, str]:
    """Return the owner and the name of a qualified name: `P<int>::feed`, `A.prototype.y`, `exports.x`, `operator==`."""
    if text[:1] in "'\"`[":
        return "", text.strip("'\"`")
    operator = _OPERATOR.search(text)
    if operator:
        owner = _without_arguments(text[: operator.start()]).rstrip(":").rpartition("::")[2]
        return owner, " ".join(operator[0].split())
    plain = _without_arguments(text)
    if not _CHAIN.fullmatch(plain):
        words = re.findall(r"[\w$#]+", plain)
        return "", words[-1] if words else plain
    if "::" in plain:
        owner, _, name = plain.rpartition("::")
        return owner.rpartition("::")[2], name
    parts = [part for part in plain.split(".") if part not in _NO_OWNER]
    if not parts:
        return "", "" if is_block else plain.rpartition(".")[2]
    return ".".join(parts[:-1]), parts[-1]


def _without_arguments(text: str) -> str:
    """Return a name without its type arguments, which may nest; an operator's name stays as it is."""
    if "<" not in text or not any(letter.isalnum() for letter in text):
        return text
    kept, depth = [], 0
    for letter in text:
        depth += (letter == "<") - (letter == ">")
        if depth == 0 and letter != ">":
            kept.append(letter)
    return "".join(kept).strip()


def _nest(places: list[Place]) -> None:
    """Give each definition its ordinal, its parent and its qualified name."""
    number = 0
    types: dict[str, Place] = {}
    static: set[int] = {-1}  # places in no function: only what they hold can be the home of what stands elsewhere
    for index, place in enumerate(places):
        if not place.is_block:
            number += 1
            place.ordinal = number
        if place.around in static and (place.kind in CLASSES or place.kind == "scope"):
            static.add(index)
            if place.kind in CLASSES:
                types.setdefault(place.name, place)
    for _ in range(2):  # twice: what belongs to a type may stand before it
        for place in places:
            _qualify(place, places, types)


def _qualify(place: Place, places: Sequence[Place], types: Mapping[str, Place]) -> None:
    around = places[place.around] if place.around >= 0 else None
    home = types.get(place.name) if place.kind == "extension" else None
    if place.owner and place.kind in FUNCTIONS:
        home = types.get(place.owner.rpartition(".")[2])
    if place.kind == "extension" and home is not None:
        place.ordinal, place.qualified, place.parent = home.ordinal, home.qualified, home.parent
        return
    if home is not None:
        place.kind, place.parent, prefix = "method", home.ordinal, home.qualified
    else:
        place.parent = _definition_around(place, places)
        prefix = ".".join(filter(None, (around.qualified if around else "", place.owner)))
        if place.kind == "function" and around is not None and around.kind in (*CLASSES, "extension"):
            place.kind = "method"
    whole = ".".join(filter(None, (prefix, place.name)))
    place.qualified = whole if len(whole) <= MAX_QUALIFIED else place.name


def _definition_around(place: Place, places: Sequence[Place]) -> int:
    """Return the ordinal of the nearest definition around a place, or of the type that the block around it extends."""
    index = place.around
    while index >= 0 and places[index].is_block and not places[index].ordinal:
        index = places[index].around
    return places[index].ordinal if index >= 0 else 0
