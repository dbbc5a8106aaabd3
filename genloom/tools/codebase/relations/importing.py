"""Importing: which import statements reach a file of the repository."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
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


_ROWS = (
    "SELECT path, file_id, ordinal, module, imports.name, alias, line FROM imports JOIN files ON files.id = file_id"
    " WHERE language = 'python' AND skipped = '' AND "
)


class Importing:
    """The import statements of the index, of which those are read that name a file's last part: few of them can mean it.

    A file is imported by `import` of itself or of what lies below it, and by `from … import` of a name from it, or of itself
    from its package. What a star or a re-export brings along is none of it. Python alone; for one state of the index.
    """

    def __init__(self, connection: sqlite3.Connection, modules: ModuleMap) -> None:
        self._connection = connection
        self._modules = modules
        self._locate = cache(modules.locate)  # a file has several names from most modules that it imports
        self._by_last: dict[str, list[str]] = defaultdict(list)
        self._found: dict[str, tuple[ImportStatement, ...]] = {}
        self._submodules: dict[tuple[str, str], bool] = {}
        for (module,) in connection.execute("SELECT DISTINCT module FROM imports"):
            self._by_last[module.rpartition(".")[2]].append(module)

    def importers(self, path: str) -> tuple[str, ...]:
        """Return the paths of the files that import a file, in order."""
        return tuple(dict.fromkeys(row.path for row in self.of(path)))

    def of(self, path: str) -> tuple[ImportStatement, ...]:
        """Return the statements that import a file, elsewhere than in itself."""
        if path not in self._found:
            reached = {row for row in self._that_may_mean(path) if row.path != path and self._reaches(row, path)}
            self._found[path] = tuple(sorted(reached))
        return self._found[path]

    def _that_may_mean(self, path: str) -> Iterator[ImportStatement]:
        """Yield the imports that name the file's last part, or its folder's for a package."""
        stem = path.rpartition(".")[0]
        location = f"/{stem}".removesuffix("/__init__").removeprefix("/")
        folder, _, last = location.rpartition("/")
        name, outer = last or self._modules.package, folder.rpartition("/")[2] or self._modules.package
        for module in self._by_last.get(name, ()):
            yield from self._rows_of(module, location)
        if location != stem:
            for module in self._by_last.get("", ()):  # `from . import name` may be a name of the package itself
                yield from self._rows_of(module, location)
            yield from self._rows("imports.name = '' AND instr(module, ?) > 0", f"{name}.")
        if last:
            for module in {*self._by_last.get(outer, ()), *self._by_last.get("", ())}:
                yield from self._rows_of(module, folder, last)

    def _rows_of(self, module: str, location: str, name: str | None = None) -> Iterator[ImportStatement]:
        """Yield the imports of a module, or of a name from it, where that can be what lies at a location."""
        below = self._importers_folder(module, location)
        if below is None:
            return
        condition = "module = ? AND instr(path, ?) = 1"
        if name is None:
            yield from self._rows(condition, module, below)
        else:
            yield from self._rows(f"imports.name = ? AND {condition}", name, module, below)

    def _importers_folder(self, module: str, location: str) -> str | None:
        """Return how the paths begin of the files in which a module can be what lies at a location; `None` where in none."""
        bare = module.lstrip(".")
        place, end = f"/{location}", f"/{bare.replace('.', '/')}" if bare else ""
        if bare != module:
            folder = place.removesuffix(end).removeprefix("/")
            return (f"{folder}/" if folder else "") if place.endswith(end) else None
        package = self._modules.package  # whose name is no part of the paths
        ends = (end, end.removeprefix(f"/{package}")) if f"{bare}.".startswith(f"{package}.") else (end,)
        return "" if place.endswith(ends) else None

    def _rows(self, condition: str, *values: str) -> Iterator[ImportStatement]:
        return map(ImportStatement._make, self._connection.execute(_ROWS + condition, values).fetchall())

    def _reaches(self, row: ImportStatement, path: str) -> bool:
        base = self._locate(row.module, row.path)
        if base == path:
            return True
        if row.name:
            return base is not None and row.name != "*" and self._is_submodule(base, row.name, path)
        parts = row.module.split(".")  # import a.b.c runs a and a.b, too
        return any(self._locate(".".join(parts[:n]), row.path) == path for n in range(1, len(parts)))

    def _is_submodule(self, base: str, name: str, path: str) -> bool:
        """Whether `name` imported from a package or folder is the file, and nothing else that the package binds to it."""
        folder = base.removesuffix("__init__.py").removesuffix("/")
        if self._modules.inside(folder, name) != path:
            return False
        if (base, name) not in self._submodules:
            self._submodules[base, name] = self._is_left_to_be(base, name, path)
        return self._submodules[base, name]

    def _is_left_to_be(self, package: str, name: str, path: str) -> bool:
        """Whether a package or folder leaves a name to its submodule, the file: it binds it to that or not at all."""
        if not package.endswith("__init__.py"):
            return True
        imported = self._rows("path = ? AND ordinal = 0 AND imports.name <> ''", package)
        bound = [row for row in imported if (row.alias or row.name) == name]
        if any(self._is_itself(row, name, path) for row in bound):
            return True
        defined = self._connection.execute(
            "SELECT 1 FROM symbols JOIN files ON files.id = file_id"
            " WHERE path = ? AND symbols.name = ? AND parent = 0 AND ordinal > 0 AND skipped = ''",
            (package, name),
        )
        return not bound and defined.fetchone() is None

    def _is_itself(self, row: ImportStatement, name: str, path: str) -> bool:
        located = self._locate(row.module, row.path)
        return located == path if not row.name else located == row.path and row.name == name
