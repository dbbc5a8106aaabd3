"""The outline of a Python file, by tree-sitter and the captures of `queries/python.scm`."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from genloom.tools.codebase.outlines.outline import Definition, Import, Mention, Outline, Parameter, Segment
from genloom.tools.codebase.outlines.python_references import names_in_import, own_texts, references
from genloom.tools.codebase.outlines.python_usage import Counts, Usage
from genloom.tools.codebase.outlines.segments import OwnerMap, flatten

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, QueryCursor

__all__ = ["outline_python"]

MAX_SIGNATURE = 1_000
MAX_DOC = 2_000
MAX_DEFINITIONS = 60_000
_EXPORTED = re.compile(r"""["']([^\W\d]\w*)["']""")
Captures = dict[str, list["Node"]]


def outline_python(source: bytes) -> Outline:
    """Return the outline of Python source in UTF-8. A file with syntax errors gives what could be read of it."""
    parser, cursor = _grammar()
    tree = parser.parse(source)
    captures: Captures = cursor.captures(tree.root_node)
    nodes = sorted(
        (*captures.get("function", ()), *captures.get("class", ())), key=lambda n: (n.start_byte, -n.end_byte)
    )
    root = tree.root_node
    places = [_Place(root, root, root, 0, _doc_node(root)), *_places(nodes[:MAX_DEFINITIONS])]
    segments = flatten([Segment(0, len(source), 0, "body"), *_spans(places)])
    owners = OwnerMap(segments)
    usage = Usage(captures, source, owners)
    definitions = (*_definitions(places, source, usage), *_variables(captures))
    import_nodes = captures.get("import", ())
    import_ordinals = owners.ordinals(node.start_byte for node in import_nodes)
    imports = [i for node, owner in zip(import_nodes, import_ordinals, strict=True) for i in _imports(node, owner)]
    mentions = list(usage.mentions())
    known = _known_uses(mentions, definitions, captures, zip(import_nodes, import_ordinals, strict=True))
    return Outline(
        definitions=definitions,
        imports=tuple(imports),
        mentions=(
            *mentions,
            *references(
                own_texts(source, segments), _own_names(definitions, imports), known, _parameter_names(definitions)
            ),
        ),
        segments=segments,
        has_errors=root.has_error,
        language="python",
        exports=_exports(captures) if b"__all__" in source else None,
    )


def _own_names(definitions: Iterable[Definition], imports: Iterable[Import]) -> set[str]:
    """Return the names that the file imports, anywhere, or defines at its top level."""
    names = {d.name for d in definitions if d.parent == 0}
    return names | {i.alias or i.name or i.module.partition(".")[0] for i in imports} - {"*", ""}


def _parameter_names(definitions: Iterable[Definition]) -> dict[int, set[str]]:
    return {n: {p.name.lstrip("*") for p in d.parameters} for n, d in enumerate(definitions) if d.parameters}


def _known_uses(
    mentions: Iterable[Mention],
    definitions: Iterable[Definition],
    captures: Captures,
    imports: Iterable[tuple[Node, int]],
) -> Counter[tuple[int, str]]:
    """Count what a text's chains of names are, by ordinal, where they are no references: mentions, and what defines."""
    known: Counter[tuple[int, str]] = Counter()
    for mention in mentions:
        prefix = f"{mention.qualifier}." if mention.qualifier else ""
        known[mention.ordinal, prefix + mention.name] += mention.times
    for ordinal, definition in enumerate(definitions):
        known[ordinal, definition.name] += 1
    for node, ordinal in imports:
        known.update((ordinal, found) for found in names_in_import(_text(node)))
    for node in captures.get("variable", ()):
        following = node.next_sibling
        if following is None or following.type != "=":  # an annotated name, or one of several: read as a use
            known[0, _text(node)] += 1
    return known


def _exports(captures: Captures) -> tuple[str, ...] | None:
    """Return the literal names of all assignments to `__all__`, `None` when there is none."""
    assigned = [n for kind in ("variable", "augmented") for n in captures.get(kind, ()) if _text(n) == "__all__"]
    values = [_text(node.parent.child_by_field_name("right")) for node in assigned if node.parent]
    found = (match[1] for value in values for match in _EXPORTED.finditer(value))
    return tuple(dict.fromkeys(found)) if assigned else None


@cache  # shared by all threads: the binding holds the interpreter's lock while it parses or queries
def _grammar() -> tuple[Parser, QueryCursor]:
    import tree_sitter_python
    from tree_sitter import Language, Parser, Query, QueryCursor

    language = Language(tree_sitter_python.language())
    query = resources.files("genloom.tools.codebase.outlines").joinpath("queries/python.scm").read_text("utf-8")
    return Parser(language), QueryCursor(Query(language, query))


class _Place(NamedTuple):
    """Where a definition stands: its node, the one with its decorators, its body, its docstring and its parent's ordinal."""

    node: Node
    outer: Node
    body: Node | None
    parent: int
    doc: Node | None


def _places(nodes: Iterable[Node]) -> Iterator[_Place]:
    """Yield the place of each node; nodes come in order, outer before inner."""
    around: list[tuple[int, int]] = []  # end byte and ordinal of the open definitions
    for ordinal, node in enumerate(nodes, 1):
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        over = node.parent
        outer = over if over is not None and over.type == "decorated_definition" else node
        body = node.child_by_field_name("body")
        yield _Place(node, outer, body, around[-1][1] if around else 0, _doc_node(body))
        around.append((outer.end_byte, ordinal))


def _spans(places: Iterable[_Place]) -> Iterator[Segment]:
    """Yield the spans of each definition's text; an inner one follows the one around it."""
    for ordinal, place in enumerate(places):
        if ordinal:
            start, end = place.outer.byte_range
            yield Segment(start, end, ordinal, "body")
            if place.body is not None:
                yield Segment(start, place.body.start_byte, ordinal, "head")
        if place.doc is not None:
            yield Segment(*place.doc.byte_range, ordinal, "head")


def _definitions(places: Sequence[_Place], source: bytes, usage: Usage) -> list[Definition]:
    """Return the module's definition and that of each place."""
    counts = usage.counts(0)
    module = Definition(
        kind="module",
        name="<module>",
        qualified="<module>",
        end_line=source.count(b"\n") + 1,
        doc=_doc(places[0].doc),
        return_count=counts.returns,
        call_count=counts.calls,
        attribute_count=counts.attributes,
    )
    made = [module]
    for ordinal, place in enumerate(places[1:], 1):
        made.append(_definition(place, made[place.parent], source, usage.counts(ordinal)))
    return made


def _definition(place: _Place, around: Definition, source: bytes, counts: Counts) -> Definition:
    node, outer, children = place.node, place.outer, place.node.children
    name = _text(node.child_by_field_name("name"))
    is_class = node.type == "class_definition"
    is_async = bool(children) and children[0].type == "async"
    colon = next((child for child in reversed(children) if child.type == ":"), None)
    head = source[node.start_byte : (colon or node).end_byte]
    start_line = outer.start_point.row + 1
    return Definition(
        kind="class" if is_class else "method" if around.kind == "class" else "function",
        name=name,
        qualified=name if place.parent == 0 else f"{around.qualified}.{name}",
        parent=place.parent,
        start_line=start_line,
        end_line=_last_row(outer) + 1,
        head_line=colon.end_point.row + 1 if colon is not None else start_line,
        signature=" ".join(head.decode("utf-8", "replace").removesuffix(":").split())[:MAX_SIGNATURE],
        doc=_doc(place.doc),
        decorators=() if outer is node else tuple(_decorators(outer)),
        bases=tuple(_bases(node.child_by_field_name("superclasses"))) if is_class else (),
        parameters=() if is_class else tuple(_parameters(node.child_by_field_name("parameters"))),
        returns=_text(node.child_by_field_name("return_type")) or None,
        is_async=is_async,
        pure=not is_class and not is_async and not counts.impure,
        return_count=counts.returns,
        call_count=counts.calls,
        attribute_count=counts.attributes,
    )


def _last_row(node: Node) -> int:
    return node.end_point.row - (1 if node.end_point.column == 0 and node.end_point.row > node.start_point.row else 0)


def _variables(captures: Captures) -> Iterator[Definition]:
    """Yield each module-level variable once, where it is first assigned."""
    seen: set[str] = set()
    for node in sorted(captures.get("variable", ()), key=lambda n: n.start_byte):
        name, line = _text(node), node.start_point.row + 1
        if name not in seen:
            seen.add(name)
            end = _last_row(node.parent or node) + 1
            yield Definition(
                kind="variable",
                name=name,
                qualified=name,
                start_line=line,
                end_line=end,
                head_line=line,
                signature=name,
            )


def _imports(node: Node, ordinal: int) -> Iterator[Import]:
    line = node.start_point.row + 1
    names = node.children_by_field_name("name")
    if node.type == "import_statement":
        for item in names:
            module, alias = _aliased(item)
            yield Import(module=module, name="", alias=alias, line=line, ordinal=ordinal)
        return
    module = "__future__" if node.type == "future_import_statement" else _text(node.child_by_field_name("module_name"))
    if any(child.type == "wildcard_import" for child in node.children):
        yield Import(module=module, name="*", alias="", line=line, ordinal=ordinal)
    for item in names:
        name, alias = _aliased(item)
        yield Import(module=module, name=name, alias=alias, line=line, ordinal=ordinal)


def _aliased(item: Node) -> tuple[str, str]:
    if item.type == "aliased_import":
        return _text(item.child_by_field_name("name")), _text(item.child_by_field_name("alias"))
    return _text(item), ""


def _decorators(outer: Node) -> Iterator[str]:
    for child in outer.children:
        if child.type == "decorator":
            yield _text(child)[1:].strip()


def _bases(arguments: Node | None) -> Iterator[str]:
    for child in arguments.named_children if arguments else ():
        if child.type not in ("keyword_argument", "comment"):
            yield _text(child)


def _parameters(parameters: Node | None) -> Iterator[Parameter]:
    for child in parameters.named_children if parameters else ():
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


def _doc_node(block: Node | None) -> Node | None:
    """Return the string that opens a block, comments aside."""
    first = _first(block)
    while first is not None and first.type == "comment":
        first = first.next_named_sibling
    if first is None or first.type != "expression_statement":
        return None
    string = _first(first)
    return string if string is not None and string.type == "string" else None


def _first(node: Node | None) -> Node | None:
    return node.named_child(0) if node is not None and node.named_child_count else None


def _doc(node: Node | None) -> str:
    """Return the docstring as it is written between its quotes, indentation taken off; escapes are not decoded."""
    parts = node.children if node is not None else []
    if len(parts) < 2 or "f" in _text(parts[0]).lower():
        return ""
    return inspect.cleandoc("".join(_text(part) for part in parts[1:-1]))[:MAX_DOC]


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node else ""
