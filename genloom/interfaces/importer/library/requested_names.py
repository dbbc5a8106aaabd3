"""Names that a project asks of its generated modules, and that nothing has written yet."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path

from genloom.interfaces.importer.caller.caller import resolved_module
from genloom.interfaces.importer.library.library import Library
from genloom.interfaces.importer.library.stubs import is_own_stub, write_stub
from genloom.syntax import UNPARSABLE, parse_module
from genloom.tools.codebase.files.tree import SourceTree
from genloom.tools.merging import bound_names

__all__ = ["refresh_stubs", "requested_names"]

MAX_BYTES = 1_000_000
WHOLE = "*"
"""Stands for a module that is imported as such, so that any name may be asked of it."""


def refresh_stubs(library: Library, *, remove: bool = False) -> tuple[Path, ...]:
    """Write a stub beside each module of which the project imports names that are not written; return their paths.

    Stubs of genloom's that are not needed any more are removed, with `remove` all of them; others are left alone.
    Raises `StorageError` where one cannot be written.
    """
    wanted = {} if remove else requested_names(library)
    for stub in sorted(library.directory.rglob("*.pyi")):
        if is_own_stub(stub):
            stub.unlink()
    written = []
    for module, names in sorted(wanted.items()):
        there = library.path(module).is_file()
        whole = WHOLE in names and not there
        asked = [name for name in names if name != WHOLE]
        path = write_stub(library.path(module), library.source(module) if there else "", asked, whole=whole)
        if path is not None:
            written.append(path)
    return tuple(written)


def requested_names(library: Library) -> dict[str, tuple[str, ...]]:
    """Return, by module, the names that import statements of the project ask for and that its text does not bind; `WHOLE`
    for an unwritten module that is imported itself."""
    found: dict[str, dict[str, None]] = {}
    for source in SourceTree(library.repository, suffixes=(".py",)).files():
        for module, name in _asked(library.repository / source.path, library):
            found.setdefault(module, {})[name] = None
    missing = {
        module: tuple(name for name in names if name not in _bound(library, module, found))
        for module, names in found.items()
    }
    return {module: names for module, names in missing.items() if names}


def _asked(path: Path, library: Library) -> Iterator[tuple[str, str]]:
    tree = _parsed(path)
    if tree is None:
        return
    package = library.package_of(path)
    below = f"{library.namespace}."
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, WHOLE) for alias in node.names if alias.name.startswith(below))
        elif isinstance(node, ast.ImportFrom):
            module = resolved_module(node, package)
            names = [alias.name for alias in node.names if alias.name != "*"]
            if module == library.namespace:
                yield from ((f"{below}{name}", WHOLE) for name in names)
            elif module.startswith(below):
                yield from ((module, name) for name in names)


def _parsed(path: Path) -> ast.Module | None:
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse_module(path.read_text(encoding="utf-8"))
    except (OSError, *UNPARSABLE):
        return None


def _bound(library: Library, module: str, asked: Collection[str]) -> set[str]:
    """What the module has: everything bound at its top, and its sub-modules; `WHOLE` where it is there, or comes to be by
    the modules below it that are `asked` for."""
    path = library.path(module)
    tree = _parsed(path) if path.is_file() else None
    below = any(other.startswith(f"{module}.") for other in asked)
    names = {WHOLE} if below or path.exists() or path.with_suffix("").is_dir() else set()
    names |= {other.removeprefix(f"{module}.") for other in library.modules() if other.startswith(f"{module}.")}
    return names | (bound_names(tree) if tree is not None else frozenset())
