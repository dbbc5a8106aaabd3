"""The outline of a Python file: definitions and imports by tree-sitter, their use of names by `python_tokens`."""

from __future__ import annotations

import inspect
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from genloom.tools.codebase.outlines.outline import MAX_DOC, Definition, Import, Outline, Segment
from genloom.tools.codebase.outlines.parsing import parse_bounded
from genloom.tools.codebase.outlines.python_parameters import read_parameters
from genloom.tools.codebase.outlines.python_tree import Place, find_places
from genloom.tools.codebase.outlines.python_usage import TextCounts, count_texts, mentions
from genloom.tools.codebase.outlines.segments import flatten

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser

__all__ = ["outline_python"]

MAX_SIGNATURE = 1_000
MAX_NAME = 200
MAX_QUALIFIED = 1_000
MAX_PART = 1_000
_EXPORTED = re.compile(r"""["']([^\W\d]\w*)["']""")
_LITERAL = re.compile(r"""([A-Za-z]*)('''|\"""|"|')(.*)\2\Z""", re.DOTALL)
MANY = 100
_LONG_COMMENTS = re.compile(rb"(?>(?:^[ \t]*+#[^\n]*+\n){100,})", re.MULTILINE)
"""The grammar's scanner reads on to the end of a run of comments for each of them: blanked, or time is quadratic."""
_OF_THREAD = threading.local()
_NO_COUNTS = TextCounts(0, 0, 0, [])


def outline_python(source: bytes) -> Outline:
    """Return the outline of Python source in UTF-8. A file with syntax errors gives what could be read of it."""
    root = parse_bounded(_parser(), _without_long_comments(source)).root_node
    found = find_places(root, source)
    segments = flatten([Segment(0, len(source), 0, "body"), *_spans(found.places)])
    texts = count_texts(source, segments)
    definitions = (*_definitions(found.places, source, texts, found.attributes), *_variables(found.assignments, source))
    imports = tuple(found for node, ordinal in found.imports for found in _imports(node, ordinal))
    return Outline(
        definitions=definitions,
        imports=imports,
        mentions=mentions(texts, definitions, _own_names(definitions, imports), _bound(found.assignments)),
        segments=segments,
        has_errors=root.has_error or (root.child_count == 0 and bool(source.strip())),
        language="python",
        exports=_exports(found.assignments) if b"__all__" in source else None,
    )


def _without_long_comments(source: bytes) -> bytes:
    return _LONG_COMMENTS.sub(_blank, source) if source.count(b"#") >= MANY else source


def _blank(comments: re.Match[bytes]) -> bytes:
    return re.sub(rb"[^\n]", b" ", comments[0])


def _parser() -> Parser:
    """Return a parser that no other thread uses."""
    made: Parser | None = getattr(_OF_THREAD, "parser", None)
    if made is None:
        from tree_sitter import Parser

        made = _OF_THREAD.parser = Parser(_grammar())
    return made


@cache
def _grammar() -> Language:
    import tree_sitter_python
    from tree_sitter import Language

    return Language(tree_sitter_python.language())


def _spans(places: Iterable[Place]) -> Iterator[Segment]:
    """Yield the spans of each definition's text; an inner one follows the one around it."""
    for ordinal, place in enumerate(places):
        if ordinal:
            start, end = place.outer.byte_range
            yield Segment(start, end, ordinal, "body")
            body = place.parts.get("block")
            if body is not None and body.start_byte > start:
                yield Segment(start, body.start_byte, ordinal, "head")
        if place.doc is not None:
            yield Segment(*place.doc.byte_range, ordinal, "head")


def _definitions(
    places: Sequence[Place], source: bytes, texts: Mapping[int, TextCounts], attributes: Mapping[int, int]
) -> list[Definition]:
    """Return the module's definition and that of each place."""
    counts = texts.get(0, _NO_COUNTS)
    module = Definition(
        kind="module",
        name="<module>",
        qualified="<module>",
        end_line=source.count(b"\n") + 1,
        doc=_doc(places[0].doc, source),
        return_count=counts.returns,
        call_count=counts.calls,
        attribute_count=0,
    )
    made = [module]
    for ordinal, place in enumerate(places[1:], 1):
        counts = texts.get(ordinal, _NO_COUNTS)
        made.append(_definition(place, made[place.parent], source, counts, attributes.get(ordinal, 0)))
    return made


def _definition(place: Place, around: Definition, source: bytes, counts: TextCounts, attributes: int) -> Definition:
    node, outer, parts = place.node, place.outer, place.parts
    name = _slice(parts.get("identifier"), source)[:MAX_NAME]
    qualified = name if place.parent == 0 else f"{around.qualified}.{name}"
    is_class = "class" in parts
    is_async = "async" in parts
    colon = parts.get(":")
    start_byte, end_byte = node.byte_range
    head = source[start_byte : colon.end_byte if colon is not None else end_byte]
    first, last = outer.start_point.row, outer.end_point
    end_line = last.row + (0 if last.column == 0 and last.row > first else 1)
    return Definition(
        kind="class" if is_class else "method" if around.kind == "class" else "function",
        name=name,
        qualified=qualified if len(qualified) <= MAX_QUALIFIED else name,
        parent=place.parent,
        start_line=first + 1,
        end_line=end_line,
        head_line=colon.end_point.row + 1 if colon is not None else first + 1,
        signature=" ".join(head.decode("utf-8", "replace").removesuffix(":").split())[:MAX_SIGNATURE],
        doc=_doc(place.doc, source),
        decorators=() if outer is node else tuple(_decorators(outer)),
        bases=tuple(_bases(parts.get("argument_list"))) if is_class else (),
        parameters=() if is_class else read_parameters(parts.get("parameters"), source),
        returns=_slice(parts.get("type"), source)[:MAX_PART] or None,
        is_async=is_async,
        pure=not is_class and not is_async and not counts.impure,
        return_count=counts.returns,
        call_count=counts.calls,
        attribute_count=attributes,
    )


def _targets(assignments: Iterable[Node], kind: str = "assignment") -> Iterator[tuple[Node, Node]]:
    """Yield each plain name that an assignment of the module binds, with the assignment."""
    for assignment in assignments:
        left = assignment.child_by_field_name("left") if assignment.type == kind else None
        for node in () if left is None else left.named_children if left.type == "pattern_list" else (left,):
            if node.type == "identifier":
                yield node, assignment


def _variables(assignments: Sequence[Node], source: bytes) -> Iterator[Definition]:
    """Yield each module-level variable once, where it is first assigned."""
    seen: set[str] = set()
    for node, assignment in _targets(assignments):
        name = _slice(node, source)[:MAX_NAME]
        if name not in seen:
            seen.add(name)
            line = node.start_point.row + 1
            yield Definition(
                kind="variable",
                name=name,
                qualified=name,
                start_line=line,
                end_line=assignment.end_point.row + 1,
                head_line=line,
                signature=name,
            )


def _bound(assignments: Sequence[Node]) -> Counter[str]:
    """Count the names that are bound but look used: those with an annotation, and those of several but the last."""
    found: Counter[str] = Counter()
    for node, assignment in _targets(assignments):
        following = node.next_sibling
        if following is None or following.type != "=":
            found[_text(node)] += not _ends(node, assignment)
    return found


def _ends(node: Node, assignment: Node) -> bool:
    """Whether a name is the last of several before the sign, which is read as bound."""
    left = assignment.child_by_field_name("left")
    return left is not None and left.type == "pattern_list" and left.end_byte == node.end_byte


def _exports(assignments: Sequence[Node]) -> tuple[str, ...] | None:
    """Return the literal names of all assignments to `__all__`, `None` when there is none."""
    both = (*_targets(assignments), *_targets(assignments, "augmented_assignment"))
    assigned = [assignment for node, assignment in both if _text(node) == "__all__"]
    values = [_text(assignment.child_by_field_name("right")) for assignment in assigned]
    found = (match[1] for value in values for match in _EXPORTED.finditer(value))
    return tuple(dict.fromkeys(found)) if assigned else None


def _own_names(definitions: Iterable[Definition], imports: Iterable[Import]) -> set[str]:
    """Return the names that the file imports, anywhere, or defines at its top level."""
    names = {d.name for d in definitions if d.parent == 0}
    return names | {i.alias or i.name or i.module.partition(".")[0] for i in imports} - {"*", ""}


def _imports(node: Node, ordinal: int) -> Iterator[Import]:
    line = node.start_point.row + 1
    names = node.children_by_field_name("name")
    if node.type == "import_statement":
        for item in names:
            module, alias = _aliased(item)
            yield Import(module=module, name="", alias=alias, line=line, ordinal=ordinal)
        return
    module = "__future__" if node.type == "future_import_statement" else _text(node.child_by_field_name("module_name"))
    if not names and any(child.type == "wildcard_import" for child in node.children):
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
            yield _text(child)[1:].strip()[:MAX_PART]


def _bases(arguments: Node | None) -> Iterator[str]:
    for child in arguments.named_children if arguments else ():
        if child.type not in ("keyword_argument", "comment"):
            yield _text(child)[:MAX_PART]


def _doc(string: Node | None, source: bytes) -> str:
    """Return the docstring as it is written between its quotes, indentation taken off; escapes are not decoded."""
    literal = _LITERAL.match(_slice(string, source)) if string is not None else None
    if literal is None or "f" in literal[1].lower():
        return ""
    return inspect.cleandoc(literal[3])[:MAX_DOC]


def _slice(node: Node | None, source: bytes) -> str:
    if node is None:
        return ""
    start, end = node.byte_range
    return source[start:end].decode("utf-8", "replace")


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node else ""
