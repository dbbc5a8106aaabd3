"""The graph of relations: what uses what, worked out where it is asked for."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, cast

from genloom.tools.codebase.files.source import Source, read_source, text_lines
from genloom.tools.codebase.relations.addresses import Place
from genloom.tools.codebase.relations.relation import CallGraph, Relation, RelationKind
from genloom.tools.codebase.relations.resolution import Referent, Resolver
from genloom.tools.codebase.relations.tables import ImportRow, MentionRow, Tables

__all__ = ["RelationGraph", "Use"]

MAX_EDGES = 200_000
MAX_ALIASES = 64
MAX_LOCATED = 200
"""So many relations of one answer are looked up in their files for a line."""


class Use(NamedTuple):
    """One place that uses a definition: a mention, or an import at a line."""

    source: Place
    target: Referent
    kind: RelationKind
    name: str
    times: int = 1
    line: int | None = None


class RelationGraph:
    """Relations of one state of the index. `root` is where the lines are read from."""

    def __init__(self, tables: Tables, root: Path) -> None:
        self.tables = tables
        self.resolver = Resolver(tables)
        self._root = root

    def dependencies(self, place: Place) -> tuple[Relation, ...]:
        """Return what a definition, with all that is defined in it, uses elsewhere; surest first."""
        return self._relations(self.uses_inside(place))

    def usages(self, place: Place) -> tuple[Relation, ...]:
        """Return what uses a definition, or imports a module, from outside its own text; surest first."""
        return self._relations(self.uses_of(place))

    def uses_inside(self, place: Place) -> Iterator[Use]:
        """Yield the uses in a definition's text, and in all that is defined in it, of what lies outside it."""
        file_id, ordinal = place
        file = self.tables.file(file_id)
        inside = set(file.within(ordinal))
        for mention in self.tables.mentions_in(file_id, ordinal):
            for each in (mention, *self.resolver.prefixes(mention)):
                for target in self.resolver.referents(each):
                    if target.ordinal and (target.file_id != file_id or target.ordinal not in inside):
                        yield _use(each, target)
        for row in file.imports:
            if row.ordinal in inside:
                yield from (use for use in self.imported(file_id, row) if use.target.file_id != file_id)

    def outside_names(self, place: Place) -> set[str]:
        """Return the names, imported from outside the repository, that a definition's text uses."""
        file_id, ordinal = place
        found: set[str] = set()
        for mention in self.tables.mentions_in(file_id, ordinal):
            root = (mention.qualifier or mention.name).partition(".")[0]
            meanings = () if root in found else self.resolver.chain(file_id, mention.ordinal, [root])
            if any(meaning.kind == "external" for meaning in meanings):
                found.add(root)
        return found

    def uses_of(self, place: Place, *, own: bool = False) -> Iterator[Use]:
        """Yield the uses of a definition outside its own text, or with its `own`; of a module, its imports."""
        file_id, ordinal = place
        if not ordinal:
            yield from self._module_imports(file_id)
            return
        file = self.tables.file(file_id)
        inside = () if own else file.within(ordinal)
        name = file.definitions[ordinal].name
        imports = self._importing(place, name)
        names = {name, *(row.bound for _, row in imports)}
        uses = [
            _use(mention, target)
            for mention in self._mentions(place, names, {importer for importer, _ in imports})
            if mention.file_id != file_id or mention.ordinal not in inside
            for target in self.resolver.referents(mention)
        ]
        uses += [use for importer, row in imports for use in self.imported(importer, row)]
        yield from (use for use in uses if (use.target.file_id, use.target.ordinal) == place)

    def importers(self, file_id: int) -> tuple[str, ...]:
        """Return the paths of the files that import a file: itself, or names from it as their module."""
        return self.tables.importing.importers(self.tables.paths[file_id])

    def call_graph(self, places: Iterable[Place] | None, deadline: float) -> CallGraph:
        """Return the calls made in some definitions, or everywhere: at most 200,000, found before the deadline."""
        edges: dict[tuple[str, str], float] = {}
        addresses: dict[Place, str] = {}
        for file_id, ordinal in places if places is not None else ((file_id, 0) for file_id in self.tables.paths):
            if len(edges) >= MAX_EDGES or time.monotonic() > deadline:
                return _call_graph(edges, truncated=True)
            for mention in self.tables.mentions_in(file_id, ordinal, "call"):
                for target_file, target, confidence in self.resolver.referents(mention):
                    pair = ((file_id, mention.ordinal), (target_file, target))
                    for place in pair:
                        if place not in addresses:
                            addresses[place] = self.address(place)
                    key = (addresses[pair[0]], addresses[pair[1]])
                    if target and edges.get(key, 0.0) < confidence:
                        edges[key] = confidence
        return _call_graph(edges, truncated=False)

    def address(self, place: Place) -> str:
        """Return a place's address."""
        return self.tables.file(place[0]).address(place[1])

    def _mentions(self, place: Place, names: set[str], importers: set[int]) -> Iterator[MentionRow]:
        """Yield the mentions that could mean a definition: by its names, and before the names of its attributes."""
        for name in sorted(names):
            yield from self.tables.mentions_of(name)
        file_id, ordinal = place
        if self.tables.file(file_id).definitions[ordinal].kind == "method":
            return
        about = {use.source[0] for use in self._module_imports(file_id)}
        files = sorted({file_id, *importers, *about, *self.tables.star_importers} & self.tables.paths.keys())
        for mention in self.tables.mentions_behind(files, names):
            yield from (each for each in self.resolver.prefixes(mention) if each.name in names)

    def _module_imports(self, file_id: int) -> Iterator[Use]:
        module = Referent(file_id, 0, 1.0)
        for row in self.tables.importing.of(self.tables.paths[file_id]):
            yield Use((row.file_id, row.ordinal), module, "import", row.name or row.module, line=row.line)

    def _importing(self, place: Place, name: str) -> list[tuple[int, ImportRow]]:
        """Return the imports that bind a definition or module, followed through the names that re-exports give it."""
        names = [name]
        found: dict[tuple[int, ImportRow], None] = {}
        for known in names:
            for importer, row in self.tables.imports_of(known):
                if importer not in self.tables.paths or (importer, row) in found:
                    continue
                if any((use.target.file_id, use.target.ordinal) == place for use in self.imported(importer, row)):
                    found[importer, row] = None
                    if row.alias and row.alias not in names and len(names) < MAX_ALIASES:
                        names.append(row.alias)
        return list(found)

    def imported(self, importer: int, row: ImportRow) -> Iterator[Use]:
        """Yield what one import statement's name means, as uses of it; all that a star gives is left out."""
        if row.name == "*":
            return
        path = self.tables.paths[importer]
        if not row.name:  # import a.b binds a, but means a.b
            row = row._replace(alias=row.bound)
        for meaning in self.resolver.bindings.import_meanings(path, row):
            if meaning.kind in ("definition", "module"):
                target = Referent(meaning.file_id, meaning.ordinal, round(meaning.confidence, 2))
                yield Use((importer, row.ordinal), target, "import", row.name or row.module, line=row.line)

    def _relations(self, uses: Iterable[Use]) -> tuple[Relation, ...]:
        """Return one relation for each source, target and kind, the surest, then the first."""
        best: dict[tuple[Place, Place, str], Use] = {}
        for use in uses:
            key = (use.source, (use.target.file_id, use.target.ordinal), use.kind)
            if key not in best or use.target.confidence > best[key].target.confidence:
                best[key] = use
        made = [(self._relation(use), use) for use in best.values()]
        made.sort(key=lambda pair: (-pair[0].confidence, pair[0].source, pair[0].target, pair[0].kind))
        located = self._located(made[:MAX_LOCATED])
        return (*located, *(relation for relation, _ in made[MAX_LOCATED:]))

    def _relation(self, use: Use) -> Relation:
        return Relation(
            source=self.address(use.source),
            target=self.address((use.target.file_id, use.target.ordinal)),
            kind=use.kind,
            confidence=use.target.confidence,
            line=use.line,
        )

    def _located(self, made: Iterable[tuple[Relation, Use]]) -> Iterator[Relation]:
        texts: dict[int, list[str]] = {}
        for relation, use in made:
            file_id, ordinal = use.source
            if file_id not in texts:
                source = read_source(self._root, self.tables.paths[file_id])
                texts[file_id] = text_lines(source.text) if isinstance(source, Source) else []
            row = self.tables.file(file_id).definitions[ordinal]
            line = use.line or _first_line(texts[file_id], row.start_line, row.end_line, use.name)
            yield replace(relation, line=line)


def _use(mention: MentionRow, target: Referent) -> Use:
    source = (mention.file_id, mention.ordinal)
    return Use(source, target, cast("RelationKind", mention.kind), mention.name, mention.times)


def _first_line(lines: list[str], start: int, end: int, name: str) -> int | None:
    """Return the first line of a span in which a name stands as a word and is not what is being defined."""
    word = re.compile(rf"(?<!\w)(?<!def )(?<!class ){re.escape(name)}(?!\w)")
    for number, line in enumerate(lines[start - 1 : end], start):
        if name in line and word.search(line):
            return number
    return None


def _call_graph(edges: Mapping[tuple[str, str], float], *, truncated: bool) -> CallGraph:
    kept = sorted(edges.items())
    made = (
        Relation(source=source, target=target, kind="call", confidence=confidence)
        for (source, target), confidence in kept[:MAX_EDGES]
    )
    nodes = sorted({address for pair, _ in kept[:MAX_EDGES] for address in pair})
    return CallGraph(nodes=tuple(nodes), edges=tuple(made), truncated=truncated or len(kept) > MAX_EDGES)
