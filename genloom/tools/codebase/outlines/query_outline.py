"""The outline of a file by tree-sitter and a query of our own: one way for every language but Python.

The names of the captures, which all queries share:

- `class`, `interface`, `type`, `function`, `method`: a definition; `scope` a block that lends what it holds its name (a
  namespace), `extension` one that holds more of a type (`impl`); `outer` what wraps a definition (`export`, `template`);
- `name`, `owner` (a receiver's type), `parameters`, `returns`: parts of the definition's head;
- `variable`, `alias`: the name of a variable of the module, or of a type beside its definition;
- `decorator` the whole, `decorated` its name; `base`, `call`, `annotation`: a use, by the name's node;
- `import`, `export`; `attribute`, `return` (counted); `comment`, `string` (no code). A name that begins with `_` only serves
  a predicate.
"""

from __future__ import annotations

import importlib
import re
import threading
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from genloom.tools.codebase.outlines.comments import Leading, comment_text
from genloom.tools.codebase.outlines.heads import parameters_of, returned, signature_of, squeezed
from genloom.tools.codebase.outlines.import_statements import read_imports
from genloom.tools.codebase.outlines.language import Language
from genloom.tools.codebase.outlines.macros import without_macros
from genloom.tools.codebase.outlines.outline import Definition, Import, Outline, Segment
from genloom.tools.codebase.outlines.parsing import parse_bounded
from genloom.tools.codebase.outlines.places import CLASSES, FUNCTIONS, Place, find_places
from genloom.tools.codebase.outlines.query_usage import find_mentions
from genloom.tools.codebase.outlines.segments import OwnerMap, flatten

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Node, Parser, Query, QueryCursor

__all__ = ["outline_by_query"]

PREPARED: Mapping[str, Callable[[bytes], bytes]] = {"c": without_macros, "cpp": without_macros}
"""What a grammar is given instead of the source, of the same length, by the language's name."""
MAX_IMPORT = 20_000
MAX_OPEN = 300
_ANGLES = re.compile(rb"<<|<=|->|=>|[<>;{}]")
MAX_WIDTH = 20_000
MATCH_LIMIT = 500
MAX_DEPTH = 600
_ASYNC = re.compile(r"\basync\b")
Captures = Mapping[str, Sequence["Node"]]


def outline_by_query(language: Language, source: bytes) -> Outline:
    """Return the outline of source in UTF-8. A file with syntax errors gives what could be read of it."""
    parser, cursor = _grammar(language)
    prepare = PREPARED.get(language.name)
    root = parse_bounded(
        parser, b"" if _opens_without_end(source) else prepare(source) if prepare else source
    ).root_node
    captures: Captures = {} if _is_hopeless(root) else cursor.captures(root)
    leading = Leading(source, captures.get("comment", ()), captures.get("decorator", ()))
    places = find_places(captures, source, leading)
    segments = flatten([Segment(0, len(source), 0, "body"), *_spans(places)])
    file = _File(source, captures, leading, places, OwnerMap(segments), _Lines(source))
    imports = tuple(_imports(language, file))
    definitions = (*_definitions(file), *_plain(file, imports))
    names = {d.name for d in definitions[1:] if d.parent == 0} | {i.alias or i.name for i in imports}
    own = [node.start_byte for kind in ("name", "owner", "variable", "alias") for node in captures.get(kind, ())]
    own += [place.name_start + 1 for place in places if place.name.startswith("~")]
    return Outline(
        language=language.name,
        definitions=definitions,
        imports=imports,
        mentions=find_mentions(captures, source, file.owners, names - {"", "*"}, own),
        segments=segments,
        exports=_exports(captures),
        has_errors=root.has_error or (root.child_count == 0 and bool(source.strip())),
    )


_OF_THREAD = threading.local()


def _grammar(language: Language) -> tuple[Parser, QueryCursor]:
    """Return a parser and a cursor that no other thread uses: parsing asks back, and other threads go on meanwhile."""
    from tree_sitter import Parser, QueryCursor  # imported here, as below

    made: dict[Language, tuple[Parser, QueryCursor]] = _OF_THREAD.__dict__.setdefault("made", {})
    if language not in made:
        grammar, query = _query(language)
        cursor = QueryCursor(query, match_limit=MATCH_LIMIT)  # both limits: nesting without end costs its square
        cursor.set_max_start_depth(MAX_DEPTH)
        made[language] = Parser(grammar), cursor
    return made[language]


@cache
def _query(language: Language) -> tuple[Grammar, Query]:
    # imported here: an index of a repository without the language need not pay for it
    from tree_sitter import Language as Grammar
    from tree_sitter import Query

    grammar = Grammar(getattr(importlib.import_module(language.grammar), language.entry)())
    folder = resources.files("genloom.tools.codebase.outlines").joinpath("queries")
    query = "\n".join(folder.joinpath(f"{name}.scm").read_text("utf-8") for name in language.queries)
    return grammar, Query(grammar, query)


def _opens_without_end(source: bytes) -> bool:
    """Whether type arguments are opened and not closed hundreds of times in one statement: a parser that follows every
    reading of them takes memory with their square."""
    if source.count(b"<") <= MAX_OPEN:
        return False
    depth = 0
    for match in _ANGLES.finditer(source):
        token = match[0]
        depth = depth + 1 if token == b"<" else max(0, depth - 1) if token == b">" else depth if len(token) > 1 else 0
        if depth > MAX_OPEN:
            return True
    return False


def _is_hopeless(root: Node) -> bool:
    """Whether a stretch that does not parse has so many parts that a query would take too long: it takes their square."""
    if not root.has_error:
        return False
    if root.type == "ERROR" and root.child_count > MAX_WIDTH:
        return True
    cursor = root.walk()
    inside = cursor.goto_first_child()
    while inside:
        node = cursor.node
        broken = node is not None and node.has_error
        if node is not None and broken and node.type == "ERROR" and node.child_count > MAX_WIDTH:
            return True
        if not (broken and cursor.goto_first_child()):
            while inside and not cursor.goto_next_sibling():
                inside = cursor.goto_parent()
    return False


class _Lines:
    """Look-up of the 1-based line that a byte stands on."""

    def __init__(self, source: bytes) -> None:
        self._ends = [match.start() for match in re.finditer(b"\n", source)]
        self.count = len(self._ends) + 1

    def __call__(self, byte: int) -> int:
        return bisect_right(self._ends, byte - 1) + 1 if byte > 0 else 1


class _File(NamedTuple):
    """All that is known of the file that is outlined."""

    source: bytes
    captures: Captures
    leading: Leading
    places: list[Place]
    owners: OwnerMap
    line: _Lines

    def text(self, node: Node, limit: int) -> str:
        """Return a node's text, up to `limit` bytes."""
        start, end = node.byte_range
        return self.source[start : min(end, start + limit)].decode("utf-8", "replace")

    def owned(self, capture: str) -> dict[int, list[Node]]:
        """Return the nodes of a capture by the definition they belong to, in their order."""
        nodes = sorted(self.captures.get(capture, ()), key=lambda node: node.start_byte)
        by_owner: dict[int, list[Node]] = defaultdict(list)
        for node, ordinal in zip(nodes, self.owners.ordinals(node.start_byte for node in nodes), strict=True):
            by_owner[ordinal].append(node)
        return by_owner

    def counted(self, capture: str) -> Counter[int]:
        """Return how often a capture stands in each definition's own text."""
        return Counter(self.owners.ordinals(node.start_byte for node in self.captures.get(capture, ())))


def _spans(places: Sequence[Place]) -> Iterator[Segment]:
    """Yield the spans of each definition's text; an inner one follows the one around it."""
    heads = [place.body_start for place in places]
    for place in places:
        if place.around >= 0 and place.start < heads[place.around] < place.end:
            heads[place.around] = place.start
    for place, head in zip(places, heads, strict=True):
        if place.ordinal:
            yield Segment(place.start, place.end, place.ordinal, "body")
            if not place.is_block and head > place.start:
                yield Segment(place.start, min(head, place.end), place.ordinal, "head")


def _definitions(file: _File) -> Iterator[Definition]:
    """Yield the module's definition and that of each place that is one."""
    returns, calls, attributes = (file.counted(kind) for kind in ("return", "call", "attribute"))
    decorators, bases = file.owned("decorator"), file.owned("base")
    yield Definition(
        kind="module",
        name="<module>",
        qualified="<module>",
        end_line=file.line.count,
        doc=file.leading.module_doc(min((place.start for place in file.places), default=len(file.source))),
        return_count=returns[0],
        call_count=calls[0],
    )
    for place in file.places:
        if place.is_block:
            continue
        number = place.ordinal
        inner = [n.byte_range for n in decorators.get(number, ()) if place.start <= n.start_byte < place.name_start]
        is_class = place.kind in CLASSES
        yield _definition(file, place, inner, bases.get(number, ()) if is_class else ())._replace(
            return_count=returns[number],
            call_count=calls[number],
            attribute_count=attributes[number] if is_class else 0,
        )


def _definition(file: _File, place: Place, decorators: list[tuple[int, int]], bases: Sequence[Node]) -> Definition:
    head_end = place.start + len(file.source[place.start : min(place.body_start, place.end)].rstrip())
    signature = signature_of(file.source, place, [*decorators, *file.leading.inside(place.head_start, head_end)])
    last = max(place.start, place.end - 1 if file.source[place.end - 1 : place.end] == b"\n" else place.end)
    is_function = place.kind in FUNCTIONS
    return Definition(
        kind=place.kind,  # type: ignore[arg-type]  # blocks are left out before
        name=place.name,
        qualified=place.qualified,
        parent=place.parent,
        start_line=file.line(place.start),
        end_line=file.line(last),
        head_line=file.line(max(place.start, head_end)),
        signature=signature,
        doc=comment_text(file.source, place.lead.comments),
        decorators=tuple(squeezed(file.source[start:end]).strip("@#[]! ") for start, end in decorators),
        bases=tuple(squeezed(file.source[slice(*node.byte_range)]) for node in bases),
        parameters=tuple(parameters_of(place.parts.get("parameters"))) if is_function else (),
        returns=returned(place.parts.get("returns")) if is_function else None,
        is_async=is_function and _ASYNC.search(signature) is not None,
    )


def _plain(file: _File, imports: Sequence[Import]) -> Iterator[Definition]:
    """Yield each variable of the module once, where it first stands, and each further name of a type."""
    seen = {"_"} | {place.name for place in file.places} | {found.alias or found.name for found in imports}
    for kind in ("variable", "alias"):
        for node in file.owned(kind)[0] if kind == "variable" else file.captures.get(kind, ()):
            name, line = file.text(node, 200), file.line(node.start_byte)
            if name not in seen:
                seen.add(name)
                end = file.line(max(node.start_byte, (node.parent or node).end_byte - 1))
                yield Definition(
                    kind="variable" if kind == "variable" else "type",
                    name=name,
                    qualified=name,
                    start_line=line,
                    end_line=end,
                    head_line=line,
                    signature=name,
                )


def _imports(language: Language, file: _File) -> Iterator[Import]:
    nodes = sorted(file.captures.get("import", ()), key=lambda node: (node.start_byte, -node.end_byte))
    end = -1
    for node, ordinal in zip(nodes, file.owners.ordinals(node.start_byte for node in nodes), strict=True):
        if node.start_byte >= end:  # a call of `require` inside a statement that was read whole is left out
            end = node.end_byte
            for module, name, alias in read_imports(language.name, file.text(node, MAX_IMPORT)):
                yield Import(module, name, alias, file.line(node.start_byte), ordinal)


def _exports(captures: Captures) -> tuple[str, ...] | None:
    names = ((node.text or b"")[:200].decode("utf-8", "replace") for node in captures.get("export", ()))
    return tuple(dict.fromkeys(names)) or None
