"""The modules of a repository: their files by name, as a move is about to change them, and who imports whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from genloom.errors import GenloomError, UsageError
from genloom.syntax import parse_module
from genloom.tools.codebase.files.tree import SourceTree
from genloom.tools.coding.moving.module_text import ModuleText, absolute_module, is_for_typing
from genloom.tools.coding.workspace import Workspace
from genloom.tools.sandbox.repository.import_roots import import_roots, module_address

__all__ = ["Modules"]

MAX_FILES = 20_000
MAX_FOLLOWED = 4_000


class Modules:
    """The modules below one workspace. `new` texts stand for files as they shall be."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        roots = import_roots(workspace.root)
        self._roots = tuple(
            "" if root == workspace.root else root.relative_to(workspace.root).as_posix() for root in roots
        )
        self._known: dict[str, ModuleText | None] = {}

    def named(self, path: str) -> str:
        """Return a file's dotted name. Raises `UsageError` for a file that nothing can import."""
        found = module_address(path, self._roots)
        if found is None or not all(part.isidentifier() for part in found.split(".")):
            raise UsageError(f"{path!r} is no module that can be imported.", hint="Give a Python file of a package.")
        return found

    def module(self, path: str) -> ModuleText:
        """Return a file's module."""
        return ModuleText(path, self.workspace.read(path), self.named(path))

    def files(self) -> Iterator[tuple[str, str, ModuleText | None]]:
        """Yield the path and the text of every file that can be read, and the module that it is, if it is one."""
        for number, found in enumerate(SourceTree(self.workspace.root, suffixes=("",)).files()):
            if number >= MAX_FILES:
                raise UsageError(f"There are more than {MAX_FILES:,} files to look through.", hint="Move it by hand.")
            try:
                text = self.workspace.read(found.path)
            except GenloomError:  # binary, or too large
                continue
            try:
                yield found.path, text, ModuleText(found.path, text, self.named(found.path))
            except UsageError:  # no module: a script may still import others
                yield found.path, text, None

    def demand_ready_packages(self, module: ModuleText, statements: Sequence[str], source: ModuleText) -> None:
        """Raise `UsageError` where a module would take names from a package around it that is still being imported."""
        after = {module.path: module}
        for node in ast.walk(parse_module("\n".join(each for each in statements if not each.startswith("if ")))):
            if not isinstance(node, ast.ImportFrom):
                continue
            package = node.module or ""
            if not package or not f"{module.module}.".startswith(f"{package}."):
                continue
            values = [each for each in _names_of(node, module)[1:] if self._by_name(each) is None]
            if values and (package == source.module or self._reaches(package, module.module, after)):
                raise UsageError(
                    f"{module.module} would need {values[0]} while {package} is still being imported.",
                    hint="Move what both need to a third module first.",
                )

    def demand_no_new_cycle(self, before: Mapping[str, ModuleText], after: Mapping[str, ModuleText]) -> None:
        """Raise `UsageError` where changed modules would import each other in a circle that is not there now."""
        for path, module in after.items():
            old = set(self._imported(before[path])) if path in before else set()
            for target in set(self._imported(module)) - old:
                if self._reaches(target, module.module, after):
                    raise UsageError(
                        f"{module.module} and {target} would import each other.",
                        hint="Move what both need to a third module first.",
                    )

    def _reaches(self, start: str, goal: str, after: Mapping[str, ModuleText]) -> bool:
        changed = {module.module: module for module in after.values()}
        waiting, seen = [start], {start}
        while waiting:
            name = waiting.pop()
            if name == goal:
                return True
            module = changed.get(name) or self._by_name(name)
            for each in self._imported(module) if module is not None else ():
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
            if len(seen) > MAX_FOLLOWED:
                raise UsageError("Too many modules import each other to be sure.", hint="Move it by hand.")
        return False

    def _by_name(self, name: str) -> ModuleText | None:
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> ModuleText | None:
        inner = name.replace(".", "/")
        for root in self._roots:
            for path in (f"{inner}.py", f"{inner}/__init__.py"):
                whole = f"{root}/{path}" if root else path
                try:
                    if self.workspace.exists(whole):
                        module = ModuleText(whole, self.workspace.read(whole), name)
                        assert module.tree
                        return module
                except GenloomError:
                    return None
        return None

    def _imported(self, module: ModuleText) -> Iterator[str]:
        """Yield the modules that a module imports when it is imported itself, with the packages around them.

        The packages around itself are being imported already, so that they make no circle.
        """
        own = {module.module.rsplit(".", n)[0] for n in range(module.module.count(".") + 1)}
        for node in _at_import(module.tree.body):
            for name in _names_of(node, module):
                parts = name.split(".")
                yield from (each for n in range(1, len(parts) + 1) if (each := ".".join(parts[:n])) not in own)


def _names_of(node: ast.Import | ast.ImportFrom, module: ModuleText) -> Sequence[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = absolute_module(node, module)
    return [base, *(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")]


def _at_import(body: Sequence[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and is_for_typing(node):
            yield from _at_import(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for field in ("body", "orelse", "finalbody", "handlers"):
                for inner in getattr(node, field, None) or ():
                    yield from _at_import(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])
