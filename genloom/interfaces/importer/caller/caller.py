"""The caller: the text around an import, parsed, and the names under which it knows a generated module. Pure."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from genloom.interfaces.importer.absolute import absolute
from genloom.syntax import UNPARSABLE, parse_module

__all__ = ["Caller", "bindings_of", "parse_caller", "resolved_module"]

MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Caller:
    """A caller's text with its tree. `names` are the local names of what is imported from the module (local -> original),
    `modules` the dotted expressions that mean the module itself."""

    text: str
    tree: ast.Module
    package: str
    names: Mapping[str, str] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()

    def original(self, node: ast.expr) -> str | None:
        """Return the module's own name for an expression that means one of its names: `slugify`, `text.slugify`."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute) and _dotted(node.value) in self.modules:
            return node.attr
        return None

    def mentioned(self, node: ast.AST) -> set[str]:
        """Return the module's names that a piece of code mentions."""
        found = (self.original(each) for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute))
        return {name for name in found if name is not None}


def parse_caller(text: str, module: str, *, package: str = "", names: tuple[str, ...] = ()) -> Caller | None:
    """Return a caller's text as `module` is seen in it; `package` is what its relative imports start from, `names` what a
    star import brings. `None` for a text that is empty, too long or no Python."""
    if not text.strip() or len(text) > MAX_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parse_module(text)
    except UNPARSABLE:
        return None
    found, modules = bindings_of(tree, module, package)
    if found.pop("*", None):
        found = {**dict(zip(names, names, strict=True)), **found}
    return Caller(text=text, tree=tree, package=package, names=found, modules=modules)


def bindings_of(tree: ast.AST, module: str, package: str) -> tuple[dict[str, str], frozenset[str]]:
    """Return what a tree's imports make of a module: local name -> original name, and the expressions that mean it."""
    names: dict[str, str] = {}
    modules: set[str] = set()
    parent, _, last = module.rpartition(".")
    for node in _imports(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == module}
            continue
        origin = resolved_module(node, package)
        for alias in node.names:
            if origin == module:
                names[alias.asname or alias.name] = alias.name
            elif origin == parent and alias.name == last:
                modules.add(alias.asname or alias.name)
    modules |= _by_parents(tree, module)
    return names, frozenset(modules)


def resolved_module(node: ast.ImportFrom, package: str) -> str:
    """Return the full name of the module that an import takes from, "" for one that leads above the package."""
    return absolute(node.module or "", node.level, package)


def _by_parents(tree: ast.AST, module: str) -> set[str]:
    """`import myapp.gen` lets `myapp.gen.text` be written, and `import myapp.gen as gen` lets `gen.text`."""
    found: set[str] = set()
    for node in _imports(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if module.startswith(f"{alias.name}."):
                    found.add(f"{alias.asname or alias.name}{module[len(alias.name) :]}")
                elif not alias.asname and alias.name.split(".")[0] == module.split(".")[0]:
                    found.add(module)
    return found


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""
