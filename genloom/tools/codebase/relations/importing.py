"""Importing: which import statements reach a file of the repository."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from genloom.tools.codebase.relations.modules import ModuleMap

__all__ = ["ImportStatement", "Importing"]


class ImportStatement(NamedTuple):
    """A name imported in a Python file, and where."""

    path: str
    file_id: int
    ordinal: int
    module: str
    name: str
    alias: str
    line: int


class Importing:
    """The import statements of the index by the last part of what they name: few of them can mean a given file.

    A file is imported by `import` of itself or of what lies below it, and by `from … import` of a name from it, or of itself
    from its package. What a star or a re-export brings along is none of it. Python alone; for one state of the index.
    """

    def __init__(self, connection: sqlite3.Connection, modules: ModuleMap) -> None:
        self._modules = modules
        self._by_module: dict[str, list[ImportStatement]] = defaultdict(list)
        self._by_name: dict[str, list[ImportStatement]] = defaultdict(list)
        self._within: dict[str, list[ImportStatement]] = defaultdict(list)
        self._bound: dict[tuple[str, str], list[ImportStatement | None]] = defaultdict(list)
        self._found: dict[str, tuple[ImportStatement, ...]] = {}
        rows = connection.execute(
            "SELECT path, file_id, ordinal, module, name, alias, line FROM imports JOIN files ON files.id = file_id"
            " WHERE language = 'python' AND skipped = '' ORDER BY path, line, imports.rowid"
        )
        for row in map(ImportStatement._make, rows):
            self._add(row)
        defined = connection.execute(
            "SELECT path, name FROM symbols JOIN files ON files.id = file_id WHERE parent = 0 AND ordinal > 0"
            " AND (path LIKE '%/\\_\\_init\\_\\_.py' ESCAPE '\\' OR path = '__init__.py') AND skipped = ''"
        )
        for path, name in defined:
            self._bound[path, name].append(None)

    def _add(self, row: ImportStatement) -> None:
        self._by_module[row.module.rpartition(".")[2]].append(row)
        if row.name:
            self._by_name[row.name].append(row)
            if not row.ordinal and row.path.endswith("__init__.py"):
                self._bound[row.path, row.alias or row.name].append(row)
        else:
            for part in row.module.split(".")[:-1]:
                self._within[part].append(row)

    def importers(self, path: str) -> tuple[str, ...]:
        """Return the paths of the files that import a file, in order."""
        return tuple(dict.fromkeys(row.path for row in self.of(path)))

    def of(self, path: str) -> tuple[ImportStatement, ...]:
        """Return the statements that import a file, elsewhere than in itself."""
        if path not in self._found:
            reached = (row for row in self._that_may_mean(path) if row.path != path and self._reaches(row, path))
            self._found[path] = tuple(sorted(set(reached)))
        return self._found[path]

    def _that_may_mean(self, path: str) -> Iterator[ImportStatement]:
        """Yield the imports that name the file's last part, or its folder's for a package."""
        folder, _, file = path.rpartition("/")
        stem, parent = file.rpartition(".")[0], folder.rpartition("/")[2]
        if stem == "__init__":
            stem, parent = parent, folder.rpartition("/")[0].rpartition("/")[2]
            stem = stem or self._modules.package
            yield from self._by_module.get("", ())  # `from . import name` may be a name of the package itself
            yield from self._within.get(stem, ())
        yield from self._by_module.get(stem, ())
        for row in self._by_name.get(stem, ()):
            if row.module.rpartition(".")[2] in (parent or self._modules.package, ""):
                yield row

    def _reaches(self, row: ImportStatement, path: str) -> bool:
        base = self._modules.locate(row.module, row.path)
        if base == path:
            return True
        if row.name:
            return base is not None and row.name != "*" and self._is_submodule(base, row.name, path)
        parts = row.module.split(".")  # import a.b.c runs a and a.b, too
        return any(self._modules.locate(".".join(parts[:n]), row.path) == path for n in range(1, len(parts)))

    def _is_submodule(self, base: str, name: str, path: str) -> bool:
        """Whether `name` imported from a package or folder is the file, and nothing else that the package binds to it."""
        folder = base.removesuffix("__init__.py").removesuffix("/")
        if self._modules.inside(folder, name) != path:
            return False
        bound = self._bound.get((base, name), ())
        return not bound or any(row is not None and self._is_itself(row, name, path) for row in bound)

    def _is_itself(self, row: ImportStatement, name: str, path: str) -> bool:
        located = self._modules.locate(row.module, row.path)
        return located == path if not row.name else located == row.path and row.name == name
