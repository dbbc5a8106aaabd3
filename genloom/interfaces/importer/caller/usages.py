"""Usages: how the rest of a repository uses names of a module, and what the modules beside it offer."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

from genloom.config import Settings
from genloom.errors import GenloomError
from genloom.interfaces.importer.caller.caller import Caller, parse_caller
from genloom.interfaces.importer.caller.excerpt import excerpt_of, speaks_of
from genloom.syntax import parse_module
from genloom.tools.codebase import open_codebase
from genloom.tools.codebase.files.source import Source, read_source

__all__ = ["sibling_signatures", "usages_of", "users_of"]

MAX_FILES = 8
MAX_CHARACTERS = 2_000
MAX_SIBLINGS = 20
MAX_SIBLING_CHARACTERS = 4_000
MAX_SIBLING_BYTES = 200_000


def users_of(
    module: str, names: Sequence[str], repository: Path, target: str, settings: Settings, *, leave_out: Path | None
) -> dict[str, Caller]:
    """Return path -> the parsed file, for the files that import the module and speak of one of the names; a few of them.
    `leave_out` is the caller's own file. A repository that cannot be read has no such files."""
    try:
        codebase = open_codebase(str(repository), settings)
        paths = codebase.importing(module, target)
    except GenloomError:
        return {}
    found: dict[str, Caller] = {}
    for path in paths:
        if len(found) >= MAX_FILES or (leave_out is not None and (repository / path).resolve() == leave_out.resolve()):
            continue
        source = read_source(codebase.root, path)
        if not isinstance(source, Source):
            continue
        caller = parse_caller(source.text, module, package=_package(path), names=tuple(names))
        if caller is not None and speaks_of(caller, names):
            found[path] = caller
    return found


def usages_of(users: Mapping[str, Caller], names: Sequence[str]) -> dict[str, str]:
    """Return path -> the statements there that use one of the names, a part of each file."""
    return {path: excerpt_of(caller, names, limit=MAX_CHARACTERS, whole=0) for path, caller in users.items()}


def _package(path: str) -> str:
    """The package that relative imports of a file start from, as far as its path tells."""
    parts = path.split("/")[:-1]
    return ".".join(parts[1:] if parts[:1] == ["src"] else parts)


def sibling_signatures(directory: Path, module: str, namespace: str) -> str:
    """Return the signatures of the other modules in the folder, a line each, "" without any."""
    shown: list[str] = []
    for path in sorted(directory.rglob("*.py"))[: MAX_SIBLINGS * 5]:
        inner = path.relative_to(directory)
        if any(part.startswith(".") for part in inner.parts) or inner.as_posix() == "__init__.py":
            continue
        name = ".".join([namespace, *inner.with_suffix("").parts]).removesuffix(".__init__")
        signatures = _signatures(path) if name != module and len(shown) < MAX_SIBLINGS else []
        if signatures:
            shown.append("\n".join([f"# {name}", *signatures]))
    return "\n\n".join(shown)[:MAX_SIBLING_CHARACTERS]


def _signatures(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_SIBLING_BYTES:
            return []
        tree = parse_module(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    return [line for node in tree.body for line in _signature(node)]


def _signature(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if not name.startswith("_"):
            word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            return [f"{word} {name}({ast.unparse(node.args)}){returns}: ..."]
        case ast.ClassDef(name=name, body=body) if not name.startswith("_"):
            inner = [f"    {line}" for each in body for line in _signature(each)]
            return [f"class {name}({', '.join(map(ast.unparse, node.bases))}):", *(inner or ["    ..."])]
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if name.isupper():
            return [ast.unparse(node)[:200]]
    return []
