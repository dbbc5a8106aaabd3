"""Modules: the dotted names under which a repository's Python files are imported, and what their imports mean."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ModuleMap", "relative_stems"]


class ModuleMap:
    """Dotted names of files, worked out from their paths alone (relative to the repository, with `/`)."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)
        self._by_name: dict[str, str] = {}
        for path in sorted(self.paths, reverse=True):
            _, name = self.module(path)
            self._by_name[name] = path
        for path in sorted(self.paths, reverse=True):  # packages without __init__.py, below the root or below src
            parts = _parts(path)
            self._by_name.setdefault(".".join(parts[1:] if parts[:1] == ["src"] else parts), path)

    def module(self, path: str) -> tuple[str, str]:
        """Return (import root, dotted name): the root is the folder, relative to the repository and empty for itself, that
        must be on `sys.path`; packages are the folders with an `__init__.py`."""
        folder, _, file = path.rpartition("/")
        names = [] if file.rpartition(".")[0] == "__init__" else [file.rpartition(".")[0]]
        while folder and f"{folder}/__init__.py" in self.paths:
            folder, _, name = folder.rpartition("/")
            names.insert(0, name)
        return folder, ".".join(names) or "__init__"

    def resolve(self, module: str, name: str, importer: str) -> str | None:
        """Return the file that `from module import name` (or `import module`, with an empty name) means inside `importer`;
        `None` when it is none of the repository's."""
        bare = module.lstrip(".")
        if module.startswith("."):
            folders = _folder_parts(importer)
            up = len(module) - len(bare) - 1
            if up > len(folders):
                return None
            base = [*folders[: len(folders) - up], *(bare.split(".") if bare else [])]
            return self._file([*base, name] if name else base) or self._file(base)
        return (self._by_name.get(f"{bare}.{name}") if name else None) or self._by_name.get(bare)

    def _file(self, parts: list[str]) -> str | None:
        stem = "/".join(parts)
        return next((p for p in (f"{stem}.py", f"{stem}/__init__.py", f"{stem}.pyi") if p in self.paths), None)


def relative_stems(importer: str, module: str, name: str) -> tuple[str, ...]:
    """Return the paths without their ending that `from module import name`, with dots in front, may mean inside a file;
    none where it leads out of the repository."""
    bare = module.lstrip(".")
    folders = _folder_parts(importer)
    up = len(module) - len(bare) - 1
    if up > len(folders):
        return ()
    base = [*folders[: len(folders) - up], *(bare.split(".") if bare else [])]
    return "/".join(base), "/".join([*base, name])


def _parts(path: str) -> list[str]:
    parts = path.rpartition(".")[0].split("/")
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


def _folder_parts(path: str) -> list[str]:
    folder = path.rpartition("/")[0]
    return folder.split("/") if folder else []
