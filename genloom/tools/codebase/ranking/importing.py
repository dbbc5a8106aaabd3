"""Importing: which files import a file, as one of the reasons for it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator

from genloom.tools.codebase.relations.modules import ModuleMap

__all__ = ["Importing"]

_Row = tuple[str, str, str]
"""The importing file's path, the module as written, and the imported name."""


class Importing:
    """The import statements of the index, by the last part of what they name: few of them can mean a given file."""

    def __init__(self, connection: sqlite3.Connection, modules: ModuleMap) -> None:
        self._modules = modules
        self._by_module: dict[str, list[_Row]] = defaultdict(list)
        self._by_name: dict[str, list[_Row]] = defaultdict(list)
        self._found: dict[str, frozenset[str]] = {}
        rows = connection.execute("SELECT DISTINCT path, module, name FROM imports JOIN files ON files.id = file_id")
        for row in rows:
            self._by_module[row[1].rpartition(".")[2]].append(row)
            self._by_name[row[2]].append(row)

    def importers(self, path: str) -> frozenset[str]:
        """Return the paths of the files that import a file."""
        found = self._found.get(path)
        if found is None:
            resolve = self._modules.resolve
            found = self._found[path] = frozenset(
                importer
                for importer, module, name in self._that_may_mean(path)
                if importer != path
                and _reaches(module, importer, path)
                and resolve(module, "" if name == "*" else name, importer) == path
            )
        return found

    def _that_may_mean(self, path: str) -> Iterator[_Row]:
        """Yield the imports whose last part is the file's name, or its folder's for a package."""
        folder, _, file = path.rpartition("/")
        stem, parent = file.rpartition(".")[0], folder.rpartition("/")[2]
        if stem == "__init__":
            stem, parent = parent, folder.rpartition("/")[0].rpartition("/")[2]
            yield from self._by_module.get("", ())  # `from . import name` may be a name of the package itself
        yield from self._by_module.get(stem, ())
        for row in self._by_name.get(stem, ()):
            if row[1].rpartition(".")[2] in (parent, ""):
                yield row


def _reaches(module: str, importer: str, path: str) -> bool:
    """Whether the folders that a module names can be those of a file, told by the texts alone: few are resolved in vain."""
    if module.startswith("."):
        up = len(module) - len(module.lstrip("."))
        folder = importer.rsplit("/", up)[0] if importer.count("/") >= up else ""
        return not folder or path.startswith(f"{folder}/")
    parent = module.rpartition(".")[0].replace(".", "/")
    folder = path.rpartition("/")[0]
    if path.endswith("/__init__.py") or not parent:
        return not parent or parent.rpartition("/")[2] in folder
    return f"/{folder}/".find(f"/{parent}/") >= 0 or parent.endswith(folder)
