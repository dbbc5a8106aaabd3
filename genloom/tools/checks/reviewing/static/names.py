"""Names: which dotted path of which module a name in a source file stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterable

__all__ = ["IMPORTERS", "ImportedNames", "dotted"]

IMPORTERS = frozenset({"importlib.import_module", "__import__", "builtins.__import__", "importlib.__import__"})


class ImportedNames:
    """The names of one module that stand for imported modules or for parts of them.

    Imports anywhere in the file count, under their aliases, and so do plain assignments (`run = os.system`). Order and
    scope are not followed: a name that once stood for a module is taken to stand for it everywhere.
    """

    def __init__(self, nodes: Iterable[ast.AST], known: Iterable[str] = ()) -> None:
        self._paths: dict[str, str] = {}
        assignments: list[tuple[str, ast.expr]] = []
        self._starred: list[str] = []
        for node in nodes:
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)
            else:
                assignments += _assigned(node)
        for module in self._starred:
            prefix = f"{module}."
            self._paths |= {
                n.removeprefix(prefix): n for n in known if n.startswith(prefix) and "." not in n[len(prefix) :]
            }
        for name, value in assignments:
            path = self.path(value)
            if path and name not in self._paths and path != name:
                self._paths[name] = path

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.split(".", 1)[0]
            self._paths[alias.asname or top] = alias.name if alias.asname else top

    def _import_from(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module:
            return
        for alias in node.names:
            if alias.name == "*":
                self._starred.append(node.module)
            else:
                self._paths[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def path(self, node: ast.expr) -> str:
        """Return the dotted path that an expression stands for, such as `os.system`; empty when it is none of a module."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            start = self._paths.get(node.id, "")
        else:
            start = self._imported_by_call(node)
        return ".".join([start, *reversed(parts)]) if start else ""

    def _imported_by_call(self, node: ast.expr) -> str:
        """Follow `__import__("os")` and `importlib.import_module("os")`."""
        match node:
            case ast.Call(func=func, args=[ast.Constant(value=str() as module), *_]):
                called = self.path(func) or (func.id if isinstance(func, ast.Name) else "")
                return module if called in IMPORTERS else ""
        return ""


def _assigned(node: ast.AST) -> list[tuple[str, ast.expr]]:
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.NamedExpr(target=ast.Name(id=name), value=value)
        ):
            return [(name, value)] if isinstance(value, ast.Name | ast.Attribute | ast.Call) else []
    return []


def dotted(path: str) -> list[str]:
    """Return a dotted path and its parents, longest first: `a.b.c`, `a.b`, `a`."""
    parts = path.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
