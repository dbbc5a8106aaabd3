"""Stubs: what type checkers and editors may see of names that are asked for and not yet written."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path

from genloom.syntax import parse_module
from genloom.tools.store.atomic_file import OVERWRITE, write_atomically

__all__ = ["STUB_MARK", "is_own_stub", "stub_text", "write_stub"]

STUB_MARK = "# genloom: stub of names that are not written yet; made anew by `genloom lib stubs`"
"""The first line of every stub of ours: by it a stub is known that may be replaced or removed."""


def stub_text(source: str, names: Iterable[str], *, whole: bool = False) -> str:
    """Return a stub of the module `source` ("" when nothing is written) with `names` beside, of which nothing is known;
    with `whole` any name may be asked of it.

    A stub hides its module from type checkers, so it repeats what the module has: signatures, classes, annotated names.
    A name that is not written is `Any`.
    """
    tree = parse_module(source)
    shown = [text for node in tree.body if (text := _shown(node, ""))]
    bound = {name for node in tree.body for name in _bound(node)}
    missing = [name for name in dict.fromkeys(names) if name not in bound]
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    unwritten = [f"{name}: _Any" for name in missing]
    unwritten += ["def __getattr__(name: str) -> _Any: ..."] if whole else []
    body = [
        *imports,
        *(["from typing import Any as _Any"] if unwritten or "_Any" in "".join(shown) else []),
        "",
        *shown,
    ]
    return "\n".join([STUB_MARK, *body, *unwritten]).rstrip() + "\n"


def is_own_stub(path: Path) -> bool:
    """Whether the file is a stub that genloom wrote."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline().rstrip("\n") == STUB_MARK
    except OSError:
        return False


def write_stub(module_file: Path, source: str, names: Sequence[str], *, whole: bool = False) -> Path | None:
    """Write the stub beside the module's file and return its path; where nothing is asked an own stub is removed, and `None`
    is returned. A stub that somebody else wrote is left alone. Raises `StorageError` where it cannot be written."""
    path = module_file.with_suffix(".pyi")
    if path.exists() and not is_own_stub(path):
        return None
    if not names and not whole:
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, stub_text(source, names, whole=whole), expected_sha256=OVERWRITE)
    return path


def _bound(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def _shown(node: ast.stmt, indent: str) -> str:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return _function(node, indent)
        case ast.ClassDef():
            return _class(node, indent)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
            return f"{indent}{name}: {ast.unparse(annotation)}"
        case ast.Assign():
            return "\n".join(f"{indent}{name}: {_type_of(node.value)}" for name in sorted(_bound(node)))
    return ""


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, indent: str) -> str:
    decorators = "".join(f"{indent}@{ast.unparse(decorator)}\n" for decorator in node.decorator_list)
    keyword = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{decorators}{indent}{keyword} {node.name}({ast.unparse(node.args)}){returns}: ..."


def _class(node: ast.ClassDef, indent: str) -> str:
    decorators = "".join(f"{indent}@{ast.unparse(decorator)}\n" for decorator in node.decorator_list)
    given = ", ".join(ast.unparse(part) for part in (*node.bases, *node.keywords))
    head = f"{decorators}{indent}class {node.name}({given}):" if given else f"{decorators}{indent}class {node.name}:"
    inside = [text for part in node.body if (text := _shown(part, f"{indent}    "))]
    return f"{head} ..." if not inside else "\n".join([head, *inside])


def _type_of(value: ast.expr) -> str:
    """The type of a constant; of anything else nothing is known."""
    return type(value.value).__name__ if isinstance(value, ast.Constant) and value.value is not None else "_Any"
