"""The imports that a definition needs in its new module."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from genloom.errors import UsageError
from genloom.syntax import UNPARSABLE, parse_module
from genloom.tools.coding.moving.free_names import annotated_names, free_names, names_at_run_time
from genloom.tools.coding.moving.module_text import Binding, ModuleText, absolute_module
from genloom.tools.coding.moving.users import from_import

__all__ = ["NeededImports", "origin_of", "with_absolute_imports"]


@dataclass(frozen=True)
class NeededImports:
    """What the text of the definition `name` of `source` needs in `target`."""

    source: ModuleText
    target: ModuleText
    name: str
    text: str

    def statements(self) -> Iterator[str]:
        """Yield the imports, those for type checkers last. Raises `UsageError` where it is not sure what a name is."""
        if self.source.imports_future_annotations() and not self.target.imports_future_annotations():
            if not self.target.text.strip():
                yield "from __future__ import annotations"
            elif self.name in annotated_names(parse_module(self.text)):
                raise UsageError(
                    f"It names itself in its annotations, which are evaluated in {self.target.path!r}.",
                    hint="Put `from __future__ import annotations` there first.",
                )
        names = sorted(free_names(self.text) - {self.name})
        for_typing = [used for used in names if self._is_for_typing(used)]
        yield from filter(None, (self._import_of(used) for used in names if used not in for_typing))
        carried = [each for used in for_typing if (each := self._import_of(used))]
        if carried:
            yield from self._switch()
            yield "\n    ".join(["if TYPE_CHECKING:", *carried])

    @cached_property
    def _at_run_time(self) -> set[str]:
        return names_at_run_time(self.text)

    def _is_for_typing(self, used: str) -> bool:
        """Whether only type checkers see the name in the old module, and annotations alone use it."""
        found = self.source.bindings.get(used, [])
        if len(found) != 1 or not found[0].typing or found[0].kind != "import" or used in self._at_run_time:
            return False
        evaluated = self.target.text.strip() and not self.target.imports_future_annotations()
        if evaluated and self.source.imports_future_annotations():
            raise UsageError(
                f"Its annotations use {used!r}, and are evaluated in {self.target.path!r}.",
                hint="Put `from __future__ import annotations` there first.",
            )
        return True

    def _switch(self) -> Iterator[str]:
        there = self.target.bindings.get("TYPE_CHECKING", [])
        if not there:
            yield "from typing import TYPE_CHECKING"
        elif not all(each.kind == "import" and each.plain for each in there):
            raise UsageError(f"{self.target.path!r} has a TYPE_CHECKING of its own.", hint="Import it from typing.")

    def _import_of(self, used: str) -> str:
        """Return the import that gives a name to the definition in its new module; empty where it has it."""
        found = self.source.bindings.get(used, [])
        if not found:
            return self._of_builtins(used)
        only = found[0]
        for_typing = self._is_for_typing(used)
        if len(found) > 1 or not (only.plain or for_typing):
            raise UsageError(f"What {used!r} is depends on how {self.source.path!r} runs.", hint="Move it by hand.")
        if only.kind == "import":
            statement, origin = self._carried(only)
        elif only.kind == "definition" or (only.kind == "value" and _is_constant(only.node)):
            statement, origin = from_import(self.source.module, used), (self.source.module, used)
        else:
            raise UsageError(
                f"It uses {used!r}, which is state of {self.source.path!r}.", hint="Pass it as a parameter first."
            )
        there = self.target.bindings.get(used, [])
        if origin == (self.target.module, used) and there:
            return ""  # it comes home
        if there and not any(each.kind == "import" and origin_of(each, self.target) == origin for each in there):
            raise UsageError(f"{self.target.path!r} has a {used!r} of its own.", hint="Rename one of them first.")
        return "" if any(each.plain or (for_typing and each.typing) for each in there) else statement

    def _of_builtins(self, used: str) -> str:
        if self.source.has_star or not hasattr(builtins, used):
            raise UsageError(f"Where {used!r} comes from cannot be told.", hint="Import it by its name first.")
        if used in self.target.bindings or self.target.has_star:
            raise UsageError(f"{used!r} may mean something else in {self.target.path!r}.", hint="Move it by hand.")
        return ""

    def _carried(self, binding: Binding) -> tuple[str, tuple[str, str]]:
        alias, node = binding.alias, binding.node
        assert alias is not None
        origin = origin_of(binding, self.source)
        if isinstance(node, ast.ImportFrom):
            return from_import(origin[0], alias.name, alias.asname), origin
        return f"import {alias.name}{f' as {alias.asname}' if alias.asname else ''}", origin


def origin_of(binding: Binding, of: ModuleText) -> tuple[str, str]:
    """Return what an imported name is: a module and a name of it, empty for the module itself."""
    alias, node = binding.alias, binding.node
    assert alias is not None
    if isinstance(node, ast.ImportFrom):
        return absolute_module(node, of), alias.name
    return alias.name, ""


def with_absolute_imports(text: str, source: ModuleText, target: ModuleText) -> str:
    """Return a definition's text with the relative imports inside it as they must be in another package."""
    if _package(source) == _package(target):
        return text
    lines = text.split("\n")
    for node in ast.walk(parse_module(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            line = lines[node.lineno - 1].encode()
            before, rest = line[: node.col_offset].decode(), line[node.col_offset :].decode()
            changed, times = _RELATIVE.subn(f"from {absolute_module(node, source)} import", rest, count=1)
            if not times:
                raise UsageError("It has a relative import that is not handled.", hint="Make it absolute first.")
            lines[node.lineno - 1] = before + changed
    return "\n".join(lines)


_RELATIVE = re.compile(r"from[ \t]*\.[ \t.\w]*?[ \t.]import\b")


def _package(module: ModuleText) -> str:
    return module.module if module.is_package else module.module.rpartition(".")[0]


def _is_constant(node: ast.AST) -> bool:
    """Whether an assignment gives a value that never changes."""
    value = getattr(node, "value", None)
    try:
        plain = ast.literal_eval(value) if isinstance(value, ast.AST) else []
        hash(plain)
    except (ValueError, TypeError, *UNPARSABLE):
        return False
    return True
