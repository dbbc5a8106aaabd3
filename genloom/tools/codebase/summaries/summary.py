"""Summaries: counts of a repository, file, class or function, keyed as graph-sitter's summaries name them.

`functions` and `classes` are those at the top of a module; methods count with their class. A usage counts when its relation
has a confidence of .5 or more, as one for each definition that uses it; the rest are `possible_usages`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from genloom.errors import UsageError
from genloom.tools.codebase.relations.addresses import Place, find_places
from genloom.tools.codebase.relations.graph import RelationGraph, Use
from genloom.tools.codebase.relations.tables import DefinitionRow
from genloom.tools.security import clean

__all__ = ["SURE", "Summary", "SummaryKind", "summarise"]

SURE = 0.5
SummaryKind = Literal["codebase", "file", "class", "function", "symbol"]
KEYS = {"class": "classes", "function": "functions", "variable": "global_vars", "interface": "interfaces"}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a summary says: `counts` as data, and `text` for people and prompts. `target` is `path`, `path::symbol` or empty
    for the whole repository."""

    target: str
    kind: SummaryKind
    counts: dict[str, int]
    text: str


def summarise(graph: RelationGraph, target: str | None, kind: SummaryKind | None = None) -> Summary:
    """Summarise the repository, or the file (`path`) or symbol (`path::Class.method`, or a name) given, as what it is or as
    the `kind` demanded; any definition is a `symbol`, too, whose usages alone are counted.

    Of several definitions the first of the kind counts: full names before plain ones, then by path and line. Raises
    `UsageError` when there is no such file or symbol, or none of that kind.
    """
    places = find_places(graph.tables, target) if target else [None]
    kinds = [_kinds_of(graph, place) for place in places]
    for place, possible in zip(places, kinds, strict=True):
        if kind is None or kind in possible:
            shown = kind or possible[0]
            if place is None:
                return _codebase(graph)
            return _symbol(graph, place, shown) if place[1] else _file(graph, place[0])
    raise UsageError(
        f"{target or 'the repository'!r} is no {kind}, but a {kinds[0][0]}.",
        hint="Leave the kind out, or give another address.",
    )


def _kinds_of(graph: RelationGraph, place: Place | None) -> tuple[SummaryKind, ...]:
    """Return what a place can be summarised as, the fullest first."""
    if place is None:
        return ("codebase",)
    if not place[1]:
        return ("file",)
    defined = graph.tables.file(place[0]).definitions[place[1]].kind
    if defined == "class":
        return ("class", "symbol")
    return ("function", "symbol") if defined in ("function", "method") else ("symbol",)


def _symbol(graph: RelationGraph, place: Place, kind: SummaryKind) -> Summary:
    """Summarise one definition: as a class or function with what it is made of, as a symbol with its usages alone."""
    file = graph.tables.file(place[0])
    row = file.definitions[place[1]]
    uses = list(graph.uses_of(place, own=True))
    usages = _usages(graph, place, uses)
    counts = usages if kind == "symbol" else {**_parts(graph, place, row, uses), **usages}
    target = file.address(place[1])
    return Summary(target=target, kind=kind, counts=counts, text=_text(f"`{target}` ({kind.title()})", counts))


def _codebase(graph: RelationGraph) -> Summary:
    modules, paths = graph.tables.modules, graph.tables.paths
    imports, external = 0, set()
    for file_id, row in graph.tables.all_imports():
        imports += 1
        if graph.tables.language(file_id) != "python":
            continue
        if not row.module.startswith(".") and modules.locate(row.module, paths[file_id]) is None:
            external.add(row.module.split(".")[0])
    counts = {
        "files": len(paths),
        "imports": imports,
        "external_modules": len(external),
        **_kinds(graph.tables.kinds()),
    }
    return Summary(target="", kind="codebase", counts=counts, text=_text("Codebase", counts))


def _file(graph: RelationGraph, file_id: int) -> Summary:
    path = graph.tables.paths[file_id]
    counts = {
        "imports": len(graph.tables.file(file_id).imports),
        **_kinds(graph.tables.kinds(path)),
        "importers": len(graph.importers(file_id)),
    }
    return Summary(target=path, kind="file", counts=counts, text=_text(f"`{path}` (SourceFile)", counts))


def _kinds(counted: Mapping[str, int]) -> dict[str, int]:
    return {"symbols": sum(counted.values()), **{key: counted.get(kind, 0) for kind, key in KEYS.items()}}


def _parts(graph: RelationGraph, place: Place, row: DefinitionRow, uses: Sequence[Use]) -> dict[str, int]:
    """Count what a class or function is made of, and what it depends on."""
    file = graph.tables.file(place[0])
    shared = {"decorators": len(row.detail("decorators") or ()), "dependencies": _dependencies(graph, place)}
    if row.kind == "class":
        methods = sum(each.parent == row.ordinal and each.kind == "method" for each in file.definitions)
        attributes = row.detail("attribute_count") or 0
        return {
            "parent_classes": len(row.detail("bases") or ()),
            "methods": methods,
            "attributes": attributes,
            **shared,
        }
    return {
        "return_statements": row.detail("return_count") or 0,
        "parameters": sum(name not in ("*", "/") for name, *_ in row.detail("parameters") or ()),
        "function_calls": sum(file.definitions[each].detail("call_count") or 0 for each in file.within(row.ordinal)),
        "call_sites": sum(use.times for use in uses if use.kind == "call" and use.target.confidence >= SURE),
        **shared,
    }


def _dependencies(graph: RelationGraph, place: Place) -> int:
    """Count the top-level definitions and the names from outside the repository that a definition's text uses."""
    own = _top(graph, place)
    targets = {use.target[:2] for use in graph.uses_inside(place) if use.target.confidence >= SURE}
    tops = {target if _top(graph, target) == own else _top(graph, target) for target in targets}
    return len(tops) + len(graph.outside_names(place))


def _top(graph: RelationGraph, place: Place) -> Place:
    """Return the top-level definition that a place lies in."""
    file = graph.tables.file(place[0])
    ordinal = place[1]
    while ordinal and file.definitions[ordinal].parent:
        ordinal = file.definitions[ordinal].parent
    return (place[0], ordinal)


def _usages(graph: RelationGraph, place: Place, uses: Sequence[Use]) -> dict[str, int]:
    """Count the definitions and imports that use a symbol from outside its own text, by kind."""
    inside = {(place[0], ordinal) for ordinal in graph.tables.file(place[0]).within(place[1])}
    sure = [use for use in uses if use.target.confidence >= SURE and use.source not in inside]
    imports = {(use.source, use.line) for use in sure if use.kind == "import"}
    sources = {use.source for use in sure if use.kind != "import"}
    kinds = [graph.tables.file(file_id).definitions[ordinal].kind for file_id, ordinal in sources]
    possible = {use.source for use in uses if use.target.confidence < SURE} - sources - inside
    return {
        "usages": len(imports) + len(sources),
        "function_usages": sum(kind in ("function", "method") for kind in kinds),
        "class_usages": kinds.count("class"),
        "interface_usages": kinds.count("interface"),
        "type_usages": kinds.count("type"),
        "module_usages": kinds.count("module"),
        "import_usages": len(imports),
        "possible_usages": len(possible),
    }


def _text(title: str, counts: Mapping[str, int]) -> str:
    lines = (f"- {count} {name}" for name, count in counts.items())
    return clean("\n".join([f"==== [ {title} ] ====", *lines])).text  # a path or name may hold what nobody should see
