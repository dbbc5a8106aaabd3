"""Modules: the dotted names under which a repository's Python files are imported, and what their imports mean."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

__all__ = ["ModuleMap", "relative_stems"]

SUFFIXES = (".py", ".pyi")


class ModuleMap:
    """Dotted names of files, worked out from their paths alone (relative to the repository, with `/`).

    Files of other languages have no name here. Where two files have the same name, the importer's own import root counts
    first, then the first path in order.
    """

    def __init__(self, paths: Iterable[str], package: str = "") -> None:
        """`package` is the name of the repository's folder, under which modules are imported where it is a package."""
        self.paths = frozenset(paths)
        self.package = package if "__init__.py" in self.paths else ""
        self._by_name: dict[str, str] = {}
        self._by_root: dict[tuple[str, str], str] = {}
        self._folders: set[str] = {""}
        python = sorted((path for path in self.paths if path.endswith(SUFFIXES)), reverse=True)
        python.sort(key=lambda path: path.endswith("__init__.py"))  # a package goes before a module of its name
        for path in python:
            root, name = self.module(path)
            self._by_name[name] = self._by_root[root, name] = path
            self._add_folders(path.rpartition("/")[0])
        for path in python:  # packages without __init__.py, below the root or below src
            parts = _parts(path)
            self._by_name.setdefault(".".join(parts[1:] if parts[:1] == ["src"] else parts), path)

    def _add_folders(self, folder: str) -> None:
        while folder not in self._folders:
            self._folders.add(folder)
            folder = folder.rpartition("/")[0]

    def module(self, path: str) -> tuple[str, str]:
        """Return (import root, dotted name): the root is the folder, relative to the repository and empty for itself, that
        must be on `sys.path`; packages are the folders with an `__init__.py`."""
        folder, _, file = path.rpartition("/")
        names = [] if file.rpartition(".")[0] == "__init__" else [file.rpartition(".")[0]]
        while folder and f"{folder}/__init__.py" in self.paths:
            folder, _, name = folder.rpartition("/")
            names.insert(0, name)
        return folder, ".".join(names) or "__init__"

    def locate(self, module: str, importer: str) -> str | None:
        """Return the file of a module, or the folder of a package without `__init__.py`, that an import of `module` means
        inside `importer`; `None` when it is none of the repository's. The empty string is the repository's own folder."""
        if module.startswith("."):
            base = _relative_base(importer, module)
            return None if base is None else self._file(base) or self._folder("/".join(base))
        file = self._absolute(module, importer)
        if file or not module:
            return file
        below = self._below_package(module).replace(".", "/")
        roots = dict.fromkeys((self.module(importer)[0], "", "src"))
        found = (self._folder(f"{root}/{below}".lstrip("/")) for root in roots)
        return next((folder for folder in found if folder is not None), None)

    def inside(self, folder: str, name: str) -> str | None:
        """Return the file or the folder of the module of that name right inside a folder."""
        parts = [*(folder.split("/") if folder else []), name]
        return self._file(parts) or self._folder("/".join(parts))

    def _absolute(self, name: str, importer: str) -> str | None:
        name = self._below_package(name)
        root = self.module(importer)[0]
        own = self._by_root.get((root, name))
        if own is not None:
            return own
        beside = self._file([*(root.split("/") if root else []), *name.split(".")]) if "." in name else None
        found = beside or self._by_name.get(name)
        shadowed = found is not None and "/" in found and name.split(".")[0] in sys.stdlib_module_names
        return None if shadowed else found

    def _below_package(self, name: str) -> str:
        """Take the name of the repository's own package off a dotted name."""
        if not self.package or not f"{name}.".startswith(f"{self.package}."):
            return name
        return name[len(self.package) + 1 :] or "__init__"

    def _file(self, parts: Sequence[str]) -> str | None:
        stem = "/".join(parts)
        return next((p for p in (f"{stem}/__init__.py", f"{stem}.py", f"{stem}.pyi") if p in self.paths), None)

    def _folder(self, folder: str) -> str | None:
        return folder if folder in self._folders else None


def relative_stems(importer: str, module: str, name: str) -> tuple[str, ...]:
    """Return the paths without their ending that `from module import name`, with dots in front, may mean inside a file;
    none where it leads out of the repository."""
    base = _relative_base(importer, module)
    return () if base is None else ("/".join(base), "/".join([*base, name]))


def _relative_base(importer: str, module: str) -> list[str] | None:
    """Return the parts of the path that a relative module means; `None` where it leads out of the repository."""
    bare = module.lstrip(".")
    folders = _folder_parts(importer)
    up = len(module) - len(bare) - 1
    return None if up > len(folders) else [*folders[: len(folders) - up], *(bare.split(".") if bare else [])]


def _parts(path: str) -> list[str]:
    parts = path.rpartition(".")[0].split("/")
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


def _folder_parts(path: str) -> list[str]:
    folder = path.rpartition("/")[0]
    return folder.split("/") if folder else []
