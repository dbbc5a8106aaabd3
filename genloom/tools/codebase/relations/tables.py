"""Tables: the index's rows of one file as the names that it defines, imports and exports. All SQL of relations is here."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from genloom.tools.codebase.relations.importing import Importing
from genloom.tools.codebase.relations.modules import ModuleMap

__all__ = ["DefinitionRow", "FileNames", "ImportRow", "MentionRow", "Named", "Tables"]

MAX_FILES = 4_096
"""So many files' names are held at once."""


class DefinitionRow(NamedTuple):
    """A definition as the index has it, without its signature and documentation; `details` is JSON."""

    ordinal: int
    parent: int
    kind: str
    name: str
    qualified: str
    start_line: int
    end_line: int
    details: str

    def detail(self, name: str) -> Any:  # Any: decoded JSON
        """Return one of the details; `None` where it is not given."""
        return json.loads(self.details).get(name) if f'"{name}"' in self.details else None


class ImportRow(NamedTuple):
    """An imported name, and the definition in whose text it stands."""

    ordinal: int
    module: str
    name: str
    alias: str
    line: int

    @property
    def bound(self) -> str:
        """The name that the import binds; `*` for all."""
        return self.alias or self.name or self.module.split(".")[0]


class MentionRow(NamedTuple):
    """A use of a name inside a definition."""

    file_id: int
    ordinal: int
    qualifier: str
    name: str
    kind: str
    times: int


class Named(NamedTuple):
    """A definition that has a name, wherever it is."""

    file_id: int
    ordinal: int
    path: str
    language: str
    kind: str


class FileNames:
    """What one file defines, imports and exports, by name."""

    def __init__(
        self,
        path: str,
        language: str,
        definitions: Sequence[DefinitionRow],
        imports: Sequence[ImportRow],
        exports: Iterable[str],
    ) -> None:
        self.path = path
        self.language = language
        self.definitions = definitions
        self.imports = imports
        self.exports = frozenset(exports)  # an empty name among them where `__all__` is said, however short

    @cached_property
    def members(self) -> dict[int, dict[str, int]]:
        """For each definition, the names defined right inside it, with the first ordinal of each."""
        found: dict[int, dict[str, int]] = defaultdict(dict)
        for row in self.definitions:
            if row.ordinal:
                found[row.parent].setdefault(row.name, row.ordinal)
        return found

    @cached_property
    def bound_imports(self) -> dict[tuple[int, str], list[ImportRow]]:
        """The imports by the definition that they stand in and the name that they bind."""
        found: dict[tuple[int, str], list[ImportRow]] = defaultdict(list)
        for row in self.imports:
            found[row.ordinal, row.bound].append(row)
        return found

    @cached_property
    def parameters(self) -> dict[int, dict[str, str | None]]:
        """For each definition that takes some, the names of its parameters, in order, with their annotations."""
        return {
            row.ordinal: {name.lstrip("*"): annotation for name, annotation, *_ in row.detail("parameters") or ()}
            for row in self.definitions
            if '"parameters"' in row.details
        }

    @cached_property
    def binders(self) -> dict[str, set[int]]:
        """For each name that is bound inside a definition, by a parameter, definition or import, these definitions."""
        found: dict[str, set[int]] = defaultdict(set)
        for bound in (self.parameters, self.members):
            for ordinal, names in bound.items():
                for name in names if ordinal else ():
                    found[name].add(ordinal)
        for ordinal, name in self.bound_imports:
            if ordinal:
                found[name].add(ordinal)
        return found

    def binder(self, ordinal: int, name: str, *, outer: bool = False) -> int:
        """Return the innermost scope around a definition's text that binds a name: 0 is the module, also where it does not.
        `outer` looks from where the definition's head stands. A class's own names are seen right in its body alone."""
        binders = self.binders.get(name)
        if binders is None:
            return 0
        scope = visible = self.definitions[ordinal].parent if outer else ordinal
        while scope and (scope not in binders or (scope != visible and self.definitions[scope].kind == "class")):
            scope = self.definitions[scope].parent
        return scope

    def class_around(self, ordinal: int) -> int:
        """Return the innermost class that a definition is or stands in; 0 for none."""
        while ordinal and self.definitions[ordinal].kind != "class":
            ordinal = self.definitions[ordinal].parent
        return ordinal

    def first(self, ordinal: int) -> int:
        """Return the ordinal of the first definition that shares this one's address: its getter, its first overload."""
        row = self.definitions[ordinal]
        return self.members[row.parent].get(row.name, ordinal) if ordinal else 0

    def within(self, ordinal: int) -> list[int]:
        """Return the ordinals of a definition, of those that share its address, and of all that is defined inside them."""
        address = self.definitions[ordinal].qualified
        found = {row.ordinal for row in self.definitions if row.qualified == address} if ordinal else {0}
        for row in self.definitions:  # in order: outer before inner
            if row.parent in found:
                found.add(row.ordinal)
        return sorted(found)

    def address(self, ordinal: int) -> str:
        """Return `path::qualified`, or the path for the module."""
        return f"{self.path}::{self.definitions[ordinal].qualified}" if ordinal else self.path


class Tables:
    """The index, read for relations. Holds the names of some files; valid for one state of the index."""

    def __init__(self, connection: sqlite3.Connection, name: str = "") -> None:
        """`name` is that of the repository's folder."""
        self._connection = connection
        self._name = name
        self._files: dict[int, FileNames] = {}
        rows = connection.execute("SELECT id, path, language FROM files WHERE skipped = '' ORDER BY path").fetchall()
        self.paths: dict[int, str] = {file_id: path for file_id, path, _ in rows}
        self.ids: dict[str, int] = {path: file_id for file_id, path, _ in rows}
        self._languages: dict[int, str] = {file_id: language for file_id, _, language in rows}

    @cached_property
    def modules(self) -> ModuleMap:
        """The repository's modules."""
        return ModuleMap(self.ids, self._name)

    @cached_property
    def importing(self) -> Importing:
        """Which import statements reach a file."""
        return Importing(self._connection, self.modules)

    def language(self, file_id: int) -> str:
        """Return the language of a file."""
        return self._languages[file_id]

    def file(self, file_id: int) -> FileNames:
        """Return what a file defines and imports."""
        found = self._files.get(file_id)
        if found is not None:
            return found
        run = self._connection.execute
        definitions = run(
            "SELECT ordinal, parent, kind, name, qualified, start_line, end_line, details FROM symbols"
            " WHERE file_id = ? ORDER BY ordinal",
            (file_id,),
        )
        imports = run(
            "SELECT ordinal, module, name, alias, line FROM imports WHERE file_id = ? ORDER BY line, rowid", (file_id,)
        )
        exports = run("SELECT name FROM exports WHERE file_id = ?", (file_id,))
        made = FileNames(
            self.paths[file_id],
            self._languages[file_id],
            [DefinitionRow(*row) for row in definitions],
            [ImportRow(*row) for row in imports],
            (name for (name,) in exports),
        )
        self._files[file_id] = made
        if len(self._files) > MAX_FILES:
            del self._files[next(iter(self._files))]
        return made

    def named(self, name: str, limit: int) -> list[Named]:
        """Return the definitions of a plain name, in the order of path and place; at most `limit`."""
        rows = self._connection.execute(
            "SELECT file_id, ordinal, path, language, kind FROM symbols JOIN files ON files.id = file_id"
            " WHERE name = ? AND ordinal > 0 ORDER BY path, ordinal LIMIT ?",
            (name, limit),
        )
        return [Named(*row) for row in rows]

    def addressed(self, name: str, path: str | None, limit: int) -> list[Named]:
        """Return the definitions of a qualified or plain name, in one file or all: full names before plain ones."""
        rows = self._connection.execute(
            "SELECT file_id, ordinal, path, language, kind FROM symbols JOIN files ON files.id = file_id"
            " WHERE name = :last AND (qualified = :name OR name = :name) AND ordinal > 0"
            " AND (:path IS NULL OR path = :path) ORDER BY qualified <> :name, path, ordinal LIMIT :limit",
            {"name": name, "last": name.rpartition(".")[2], "path": path, "limit": limit},
        )
        return [Named(*row) for row in rows]

    def kinds(self, path: str | None = None) -> dict[str, int]:
        """Count what stands at the top of the modules, by kind; in one file or in all."""
        rows = self._connection.execute(
            "SELECT kind, COUNT(*) FROM symbols JOIN files ON files.id = file_id"
            " WHERE parent = 0 AND ordinal > 0 AND (:path IS NULL OR path = :path) GROUP BY kind",
            {"path": path},
        )
        return dict(rows.fetchall())

    def all_imports(self) -> Iterator[tuple[int, ImportRow]]:
        """Yield every import with its file."""
        rows = self._connection.execute(
            "SELECT file_id, ordinal, module, name, alias, line FROM imports ORDER BY file_id"
        )
        return ((file_id, ImportRow(*row)) for file_id, *row in rows)

    def mentions_of(self, name: str) -> Iterator[MentionRow]:
        """Yield the mentions of a name, wherever they are."""
        rows = self._connection.execute(
            "SELECT file_id, ordinal, qualifier, name, kind, count FROM mentions WHERE name = ?", (name,)
        )
        return map(MentionRow._make, rows.fetchall())

    def mentions_in(self, file_id: int, ordinal: int = 0, kind: str = "%") -> list[MentionRow]:
        """Return the mentions in a definition of a file and in all that is defined in it, of one kind or all."""
        rows = self._connection.execute(
            "SELECT file_id, ordinal, qualifier, name, kind, count FROM mentions WHERE file_id = ? AND kind LIKE ?",
            (file_id, kind),
        )
        inside = set(self.file(file_id).within(ordinal)) if ordinal else None
        return [MentionRow._make(row) for row in rows.fetchall() if inside is None or row[1] in inside]

    def head(self, file_id: int, ordinal: int) -> tuple[str, str]:
        """Return a definition's signature and documentation."""
        row: tuple[str, str] = self._connection.execute(
            "SELECT signature, doc FROM symbols WHERE file_id = ? AND ordinal = ?", (file_id, ordinal)
        ).fetchone()
        return row

    def qualified_mentions(self) -> Iterator[MentionRow]:
        """Yield the mentions that stand behind other names, wherever they are."""
        rows = self._connection.execute(
            "SELECT file_id, ordinal, qualifier, name, kind, count FROM mentions WHERE qualifier NOT IN ('', '?', 'self')"
        )
        return map(MentionRow._make, rows)

    def mentions_behind(self, files: Iterable[int], names: Collection[str]) -> Iterator[MentionRow]:
        """Yield the mentions in some files that stand behind one of the names: `make` in `C.make()`."""
        for file_id in files:
            for name in sorted(names):
                rows = self._connection.execute(
                    "SELECT file_id, ordinal, qualifier, name, kind, count FROM mentions WHERE file_id = ?"
                    " AND qualifier <> '' AND instr('.' || qualifier || '.', ?) > 0",
                    (file_id, f".{name}."),
                )
                yield from map(MentionRow._make, rows.fetchall())

    @cached_property
    def star_importers(self) -> frozenset[int]:
        """The files that import all names of some module."""
        rows = self._connection.execute("SELECT DISTINCT file_id FROM imports WHERE name = '*'")
        return frozenset(file_id for (file_id,) in rows)

    def imports_of(self, name: str) -> list[tuple[int, ImportRow]]:
        """Return the imports of a name from some module, and those of modules whose last part is that name."""
        rows = self._connection.execute(
            "SELECT file_id, ordinal, module, name, alias, line FROM imports"
            " WHERE name = :name OR (name = '' AND (module = :name OR module LIKE :part ESCAPE '\\'))",
            {"name": name, "part": "%." + name.replace("_", "\\_")},
        )
        return [(file_id, ImportRow(*row)) for file_id, *row in rows.fetchall()]
