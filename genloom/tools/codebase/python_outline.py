"""The outline of a Python file, by tree-sitter and the captures of `queries/python.scm`."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from genloom.tools.codebase.outline import Definition, Import, Mention, MentionKind, Outline, Parameter, Segment
from genloom.tools.codebase.segments import OwnerMap, flatten

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, QueryCursor

__all__ = ["outline_python"]

MAX_SIGNATURE = 1_000
MAX_DOC = 2_000
MAX_DEFINITIONS = 60_000
MENTIONS: tuple[MentionKind, ...] = ("call", "base", "decorator", "annotation")
IMPURE_CALLS = frozenset(
    "open print input exec eval compile __import__ breakpoint exit quit system popen run Popen urlopen connect socket "
    "random randint choice shuffle sleep time now today utcnow urandom token_hex uuid4 write write_text write_bytes "
    "unlink mkdir rmdir remove rename setattr delattr".split()
)

Captures = dict[str, list["Node"]]


def outline_python(source: bytes) -> Outline:
    """Return the outline of Python source in UTF-8. A file with syntax errors gives what could be read of it."""
    parser, cursor = _grammar()
    tree = parser.parse(source)
    captures: Captures = cursor.captures(tree.root_node)
    nodes = sorted(
        (*captures.get("function", ()), *captures.get("class", ())), key=lambda n: (n.start_byte, -n.end_byte)
    )
    nodes = nodes[:MAX_DEFINITIONS]
    definitions = [Definition(kind="module", name="<module>", qualified="<module>", end_line=source.count(b"\n") + 1)]
    definitions[0] = replace(definitions[0], doc=_doc(tree.root_node), head_line=1)
    spans = [Segment(0, len(source), 0, "body"), *_doc_segment(tree.root_node, 0)]
    _define(nodes, definitions, spans)
    segments = flatten(spans)
    owners = OwnerMap(segments)
    definitions = _counted(definitions, captures, owners)
    return Outline(
        definitions=(*definitions, *_variables(captures)),
        imports=tuple(found for node in captures.get("import", ()) for found in _imports(node)),
        mentions=tuple(_mentions(captures, owners)),
        segments=segments,
        has_errors=tree.root_node.has_error,
    )


@cache  # shared by all threads: the binding holds the interpreter's lock while it parses or queries
def _grammar() -> tuple[Parser, QueryCursor]:
    import tree_sitter_python
    from tree_sitter import Language, Parser, Query, QueryCursor

    language = Language(tree_sitter_python.language())
    query = resources.files("genloom.tools.codebase").joinpath("queries/python.scm").read_text("utf-8")
    return Parser(language), QueryCursor(Query(language, query))


def _define(nodes: Sequence[Node], definitions: list[Definition], spans: list[Segment]) -> None:
    """Append the definition of each node and the spans of its text; nodes come in order, outer before inner."""
    around: list[tuple[int, int]] = []  # end byte and ordinal of the open definitions
    for node in nodes:
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        ordinal, parent = len(definitions), around[-1][1] if around else 0
        outer = node.parent if node.parent and node.parent.type == "decorated_definition" else node
        body = node.child_by_field_name("body")
        definitions.append(_definition(node, outer, body, parent, definitions[parent]))
        spans.append(Segment(outer.start_byte, outer.end_byte, ordinal, "body"))
        if body is not None:
            spans.append(Segment(outer.start_byte, body.start_byte, ordinal, "head"))
            spans += _doc_segment(body, ordinal)
        around.append((outer.end_byte, ordinal))


def _definition(node: Node, outer: Node, body: Node | None, parent: int, around: Definition) -> Definition:
    name = _text(node.child_by_field_name("name"))
    is_class = node.type == "class_definition"
    colon = next((child for child in reversed(node.children) if child.type == ":"), node)
    start = node.start_byte
    head = (node.text or b"")[: colon.end_byte - start].decode("utf-8", "replace")
    return Definition(
        kind="class" if is_class else "method" if around.kind == "class" else "function",
        name=name,
        qualified=name if parent == 0 else f"{around.qualified}.{name}",
        parent=parent,
        start_line=outer.start_point.row + 1,
        end_line=_last_row(outer) + 1,
        head_line=colon.end_point.row + 1 if colon is not node else outer.start_point.row + 1,
        signature=" ".join(head.removesuffix(":").split())[:MAX_SIGNATURE],
        doc=_doc(body),
        decorators=tuple(_text(child)[1:].strip() for child in outer.children if child.type == "decorator"),
        bases=() if not is_class else tuple(_bases(node.child_by_field_name("superclasses"))),
        parameters=() if is_class else tuple(_parameters(node.child_by_field_name("parameters"))),
        returns=_text(node.child_by_field_name("return_type")) or None,
        is_async=any(child.type == "async" for child in node.children[:1]),
        pure=not is_class,
    )


def _last_row(node: Node) -> int:
    return node.end_point.row - (1 if node.end_point.column == 0 and node.end_point.row > node.start_point.row else 0)


def _counted(definitions: list[Definition], captures: Captures, owners: OwnerMap) -> list[Definition]:
    """Fill in the counts, and take `pure` from what shows an effect."""
    counts = {
        name: Counter(owners.ordinal(node.start_byte) for node in captures.get(name, ()))
        for name in ("return", "call", "attribute", "impure")
    }
    for node in captures.get("call", ()):
        if _text(node) in IMPURE_CALLS:
            counts["impure"][owners.ordinal(node.start_byte)] += 1
    return [
        replace(
            definition,
            return_count=counts["return"][ordinal],
            call_count=counts["call"][ordinal],
            attribute_count=counts["attribute"][ordinal],
            pure=definition.pure and not definition.is_async and not counts["impure"][ordinal],
        )
        for ordinal, definition in enumerate(definitions)
    ]


def _mentions(captures: Captures, owners: OwnerMap) -> Iterator[Mention]:
    for kind in MENTIONS:
        counted = Counter((owners.ordinal(node.start_byte), _text(node)) for node in captures.get(kind, ()))
        for (ordinal, name), count in sorted(counted.items()):
            yield Mention(ordinal=ordinal, name=name, kind=kind, count=count)


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


def _imports(node: Node) -> Iterator[Import]:
    line = node.start_point.row + 1
    names = node.children_by_field_name("name")
    if node.type == "import_statement":
        for item in names:
            module, alias = _aliased(item)
            yield Import(module=module, name="", alias=alias, line=line)
        return
    module = "__future__" if node.type == "future_import_statement" else _text(node.child_by_field_name("module_name"))
    if any(child.type == "wildcard_import" for child in node.children):
        yield Import(module=module, name="*", alias="", line=line)
    for item in names:
        name, alias = _aliased(item)
        yield Import(module=module, name=name, alias=alias, line=line)


def _aliased(item: Node) -> tuple[str, str]:
    if item.type == "aliased_import":
        return _text(item.child_by_field_name("name")), _text(item.child_by_field_name("alias"))
    return _text(item), ""


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
    first = next((child for child in block.named_children if child.type != "comment"), None) if block else None
    if first is None or first.type != "expression_statement" or not first.named_children:
        return None
    return first.named_children[0] if first.named_children[0].type == "string" else None


def _doc_segment(block: Node | None, ordinal: int) -> tuple[Segment, ...]:
    node = _doc_node(block)
    return (Segment(node.start_byte, node.end_byte, ordinal, "head"),) if node else ()


def _doc(block: Node | None) -> str:
    """Return the docstring as it is written between its quotes, indentation taken off; escapes are not decoded."""
    node = _doc_node(block)
    parts = node.children if node else []
    if len(parts) < 2 or "f" in _text(parts[0]).lower():
        return ""
    return inspect.cleandoc("".join(_text(part) for part in parts[1:-1]))[:MAX_DOC]


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node else ""
