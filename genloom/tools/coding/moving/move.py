"""The move itself: planned as new texts of files, refused where it is not sure, and written all or nothing."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from genloom.errors import GenloomError, UsageError
from genloom.syntax import UNPARSABLE, parse_module
from genloom.tools.coding.edits import unified_diff
from genloom.tools.coding.moving.free_names import annotated_names, free_names
from genloom.tools.coding.moving.module_text import Binding, Definition, ModuleText, absolute_module
from genloom.tools.coding.moving.modules import Modules
from genloom.tools.coding.moving.users import from_import, rewritten
from genloom.tools.coding.workspace import Workspace

__all__ = ["ImportsOfUsers", "move_symbol"]

ImportsOfUsers = Literal["rewrite", "keep"]
MAX_NOTES = 20


@dataclass(frozen=True)
class _Change:
    path: str
    before: str | None
    after: str


def move_symbol(workspace: Workspace, path: str, name: str, to: str, imports: ImportsOfUsers = "rewrite") -> str:
    """Move a function or class, with its decorators and the comments right above, from one module's top level to another's,
    and return what changed as a diff.

    The imports that it needs go along. Imports of its users are written anew, or with `keep` left as they are: then, and
    for uses that cannot be written anew, the old module imports it from the new one. Raises `UsageError`, with nothing
    changed, where it is not sure: a name that is taken, a circle of imports, star imports, state of the module.
    """
    modules = Modules(workspace)
    source = modules.module("/".join(workspace.parts(path)))
    target = _target(modules, "/".join(workspace.parts(to)))
    if source.path == target.path:
        raise UsageError("It stands there already.", hint="Give another file in `to`.")
    plan = _Plan(modules, source, target, name)
    changes, notes = plan.changes(imports)
    _write(workspace, changes)
    told = "".join(unified_diff(each.path, each.before, each.after) for each in changes)
    return "\n".join([told.rstrip("\n"), *(f"note: {note}" for note in notes[:MAX_NOTES])])


def _target(modules: Modules, path: str) -> ModuleText:
    if modules.workspace.exists(path):
        return modules.module(path)
    return ModuleText(path, "", modules.named(path))


class _Plan:
    """One move, worked out step by step."""

    def __init__(self, modules: Modules, source: ModuleText, target: ModuleText, name: str) -> None:
        self.modules, self.source, self.target, self.name = modules, source, target, name
        self.is_new = not modules.workspace.exists(target.path)
        node = self._definition()
        first, last = source.span(node)
        self.text = "".join(source.lines[first:last])
        self.text += "" if self.text.endswith("\n") else "\n"
        self.rest = self._closed("".join(source.lines[:first]), "".join(source.lines[last:]))

    def changes(self, imports: ImportsOfUsers) -> tuple[list[_Change], list[str]]:
        """Return the files as they shall be, and what is worth knowing."""
        needed = list(self._needed())
        users, notes = self._users(imports)
        source, remark = self._new_source(bool(notes) or imports == "keep")
        target = self._new_target(needed)
        after = {each.path: each for each in (target, source, *(new for _, new in users))}
        before = {each.path: each for each in (self.target, self.source, *(old for old, _ in users))}
        for each in after.values():
            _demand_valid(each)
        self.modules.demand_no_new_cycle(before, after)
        written = [_Change(target.path, None if self.is_new else self.target.text, target.text)]
        written += [_Change(old.path, old.text, new.text) for old, new in users]
        written.append(_Change(source.path, self.source.text, source.text))
        return written, [*notes, *remark]

    def _definition(self) -> Definition:
        found = self.source.bindings.get(self.name, [])
        if not found:
            raise UsageError(
                f"{self.source.path!r} defines no {self.name!r} at its top level.", hint="Look at the file."
            )
        only = found[0]
        if len(found) > 1 or not only.plain or not isinstance(only.node, Definition):
            raise UsageError(
                f"{self.name!r} is not just one function or class of {self.source.path!r}.", hint="Move it by hand."
            )
        return only.node

    def _needed(self) -> Iterator[str]:
        """Yield the imports that the definition needs in its new module."""
        if self.source.imports_future_annotations() and not self.target.imports_future_annotations():
            if not self.target.text.strip():
                yield "from __future__ import annotations"
            elif self.name in annotated_names(parse_module(self.text)):
                raise UsageError(
                    f"It names itself in its annotations, which are evaluated in {self.target.path!r}.",
                    hint="Put `from __future__ import annotations` there first.",
                )
        for used in sorted(free_names(self.text) - {self.name}):
            needed = self._import_of(used)
            if needed:
                yield needed

    def _import_of(self, used: str) -> str:
        """Return the import that gives a name to the definition in its new module; empty where it has it."""
        found = self.source.bindings.get(used, [])
        if not found:
            return self._of_builtins(used)
        only = found[0]
        if len(found) > 1 or not only.plain:
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
        if there and not any(each.kind == "import" and self._origin(each, self.target) == origin for each in there):
            raise UsageError(f"{self.target.path!r} has a {used!r} of its own.", hint="Rename one of them first.")
        return "" if there else statement

    def _of_builtins(self, used: str) -> str:
        if self.source.has_star or not hasattr(builtins, used):
            raise UsageError(f"Where {used!r} comes from cannot be told.", hint="Import it by its name first.")
        if used in self.target.bindings or self.target.has_star:
            raise UsageError(f"{used!r} may mean something else in {self.target.path!r}.", hint="Move it by hand.")
        return ""

    def _carried(self, binding: Binding) -> tuple[str, tuple[str, str]]:
        alias, node = binding.alias, binding.node
        assert alias is not None
        origin = self._origin(binding, self.source)
        if isinstance(node, ast.ImportFrom):
            return from_import(origin[0], alias.name, alias.asname), origin
        return f"import {alias.name}{f' as {alias.asname}' if alias.asname else ''}", origin

    def _origin(self, binding: Binding, of: ModuleText) -> tuple[str, str]:
        """What an imported name is: a module and a name of it, empty for the module itself."""
        alias, node = binding.alias, binding.node
        assert alias is not None
        if isinstance(node, ast.ImportFrom):
            return absolute_module(node, of), alias.name
        return alias.name, ""

    def _users(self, imports: ImportsOfUsers) -> tuple[list[tuple[ModuleText, ModuleText]], list[str]]:
        users: list[tuple[ModuleText, ModuleText]] = []
        notes: list[str] = []
        for user in self.modules.all():
            if user.path in (self.source.path, self.target.path):
                continue
            try:
                text, needs_old = rewritten(user, self.source.module, self.name, self.target.module)
            except UsageError as error:
                if "no valid Python" in error.message or "line ends" in error.message:
                    notes.append(f"{user.path} could not be read, and was left alone")
                    continue
                raise
            if needs_old:
                notes.append(f"{needs_old}, so the old module imports it")
            if imports == "rewrite" and text != user.text:
                users.append((user, ModuleText(user.path, text, user.module)))
        return users, notes

    def _new_source(self, needed: bool) -> tuple[ModuleText, list[str]]:
        """The old module without the definition, with an import of it where it or somebody else still uses it."""
        rest = ModuleText(self.source.path, self.rest, self.source.module)
        mentioned = any(
            (isinstance(node, ast.Name) and node.id == self.name)
            or (isinstance(node, ast.Constant) and node.value == self.name)
            for node in ast.walk(rest.tree)
        )
        if mentioned:
            statement = from_import(self.target.module, self.name)
        elif needed or self.source.is_package:
            statement = f"from {self.target.module} import {self.name} as {self.name}"
        else:
            return rest, list(self._left_over(rest))
        text = rest.with_imports([statement])
        return ModuleText(self.source.path, text, self.source.module), list(self._left_over(rest))

    def _left_over(self, rest: ModuleText) -> Iterator[str]:
        """Imports that nothing in the old module uses any more: others may import them from there."""
        used = {node.id for node in ast.walk(rest.tree) if isinstance(node, ast.Name)}
        used |= {
            node.value for node in ast.walk(rest.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        for name, found in rest.bindings.items():
            if found[0].kind == "import" and name in free_names(self.text) and name not in used:
                yield f"{self.source.path} imports {name} and does not use it any more"

    def _new_target(self, needed: list[str]) -> ModuleText:
        target = self.target
        if any(alias.name == "*" for _, alias in target.imports):
            raise UsageError(f"{target.path!r} has a star import.", hint="Name what it imports first.")
        if self.name in target.bindings:
            target = self._without_import(target)
        text = target.with_imports(sorted(needed, key=_place_of_import))
        with_imports = ModuleText(target.path, text, target.module)
        at = _before_main(with_imports)
        head, tail = "".join(with_imports.lines[:at]).rstrip("\n"), "".join(with_imports.lines[at:])
        gap = "\n\n\n" if head else ""
        return ModuleText(target.path, f"{head}{gap}{self.text}" + (f"\n\n{tail}" if tail else ""), target.module)

    def _without_import(self, target: ModuleText) -> ModuleText:
        """The new module without its import of what it gets. Raises `UsageError` where the name means something else, or is
        needed before the end of the module."""
        found = target.bindings[self.name]
        own = (self.source.module, self.name)
        if len(found) > 1 or found[0].kind != "import" or self._origin(found[0], target) != own:
            raise UsageError(f"{target.path!r} has a {self.name!r} already.", hint="Rename one of them first.")
        node = found[0].node
        assert isinstance(node, ast.ImportFrom)
        if not found[0].plain or len(node.names) > 1 or self.name in _used_at_import(target.tree):
            raise UsageError(
                f"{target.path!r} imports {self.name!r} in a way that cannot be undone here.", hint="Change that first."
            )
        lines = [*target.lines[: node.lineno - 1], *target.lines[node.end_lineno or node.lineno :]]
        return ModuleText(target.path, "".join(lines), target.module)

    @staticmethod
    def _closed(before: str, after: str) -> str:
        before, after = before.rstrip("\n"), after.lstrip("\n")
        if before and after:
            return f"{before}\n\n\n{after}"
        return f"{before}\n" if before else after


def _place_of_import(statement: str) -> tuple[bool, bool, str]:
    return "__future__" not in statement, statement.startswith("from"), statement


def _used_at_import(tree: ast.Module) -> set[str]:
    """The names that a module reads while it is imported, not in the bodies of functions."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def _is_constant(node: ast.AST) -> bool:
    """Whether an assignment gives a value that never changes."""
    value = getattr(node, "value", None)
    try:
        plain = ast.literal_eval(value) if isinstance(value, ast.AST) else []
        hash(plain)
    except (ValueError, TypeError, *UNPARSABLE):
        return False
    return True


def _before_main(module: ModuleText) -> int:
    """Return the line, from 0, before which a definition goes: the end, or what runs when the module is a program."""
    for node in module.tree.body:
        if isinstance(node, ast.If) and any(
            isinstance(e, ast.Name) and e.id == "__name__" for e in ast.walk(node.test)
        ):
            return node.lineno - 1
    return len(module.lines)


def _demand_valid(module: ModuleText) -> None:
    try:
        parse_module(module.text)
    except UNPARSABLE as error:
        raise UsageError(f"{module.path!r} would be no valid Python: {error}.", hint="Move it by hand.") from error


def _write(workspace: Workspace, changes: list[_Change]) -> None:
    """Write all files, or none."""
    done: list[_Change] = []
    try:
        for change in changes:
            if change.before is None:
                workspace.create(change.path, change.after)
            else:
                workspace.write(change.path, change.after, before=change.before)
            done.append(change)
    except (GenloomError, OSError):
        for change in reversed(done):
            with suppress(GenloomError, OSError):
                if change.before is None:
                    workspace.delete(change.path)
                else:
                    workspace.write(change.path, change.before, before=change.after)
        raise
