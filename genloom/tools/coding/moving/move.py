"""The move itself: planned as new texts of files, refused where it is not sure, and written all or nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, NamedTuple

from genloom.errors import UsageError
from genloom.syntax import UNPARSABLE, parse_module
from genloom.tools.coding.edits import unified_diff
from genloom.tools.coding.moving.free_names import free_names
from genloom.tools.coding.moving.mentions import (
    Mention,
    has_word,
    mentions_in,
    registration_of,
    replaced_texts,
    texts_with,
)
from genloom.tools.coding.moving.module_text import Definition, ModuleText
from genloom.tools.coding.moving.modules import Modules
from genloom.tools.coding.moving.needed_imports import NeededImports, origin_of, with_absolute_imports
from genloom.tools.coding.moving.users import from_import, rewritten
from genloom.tools.coding.moving.writing import Change, write_all
from genloom.tools.coding.workspace import Workspace

__all__ = ["ImportsOfUsers", "move_symbol"]

ImportsOfUsers = Literal["rewrite", "keep"]
MAX_NOTES = 20


def move_symbol(workspace: Workspace, path: str, name: str, to: str, imports: ImportsOfUsers = "rewrite") -> str:
    """Move a function or class, with its decorators and the comments right above, from one module's top level to another's,
    and return what changed as a diff.

    The imports that it needs go along. Imports of its users are written anew, or with `keep` left as they are. The old
    module imports it from the new one where a file that was left alone still has the word, or a decorator or base class
    may register it; a file that has the word but not the module's is only told where that would be a circle of imports.
    Raises `UsageError`, with nothing changed, where it is not sure: a name that is taken, a circle of imports, state of
    the module.
    """
    modules = Modules(workspace)
    source = modules.module("/".join(workspace.parts(path)))
    target = _target(modules, "/".join(workspace.parts(to)))
    if source.path == target.path:
        raise UsageError("It stands there already.", hint="Give another file in `to`.")
    if any(each.path.rpartition("/")[2] == "conftest.py" for each in (source, target)):
        raise UsageError("pytest goes by the place of a conftest.py.", hint="Move it by hand, and run the tests.")
    plan = _Plan(modules, source, target, name)
    changes, notes = plan.changes(imports)
    write_all(workspace, changes)
    told = "".join(unified_diff(each.path, each.before, each.after) for each in changes)
    return "\n".join([told.rstrip("\n"), *(f"note: {note}" for note in notes[:MAX_NOTES])])


def _target(modules: Modules, path: str) -> ModuleText:
    if modules.workspace.exists(path):
        return modules.module(path)
    return ModuleText(path, "", modules.named(path))


class _Users(NamedTuple):
    """The files that were written anew, why the old place should keep the name, and what else is to be told."""

    changed: list[tuple[ModuleText, ModuleText]]
    mentions: list[Mention]
    notes: list[str]


class _Plan:
    """One move, worked out step by step."""

    def __init__(self, modules: Modules, source: ModuleText, target: ModuleText, name: str) -> None:
        self.modules, self.source, self.target, self.name = modules, source, target, name
        self.is_new = not modules.workspace.exists(target.path)
        node = self._definition()
        first, last = source.span(node)
        self.text = "".join(source.lines[first:last])
        self.text += "" if self.text.endswith("\n") else "\n"
        self.text = with_absolute_imports(self.text, source, target)
        self.registration = registration_of(node, source)
        self.rest = self._closed("".join(source.lines[:first]), "".join(source.lines[last:]))

    def changes(self, imports: ImportsOfUsers) -> tuple[list[Change], list[str]]:
        """Return the files as they shall be, and what is worth knowing."""
        needed = list(NeededImports(self.source, self.target, self.name, self.text).statements())
        users = self._users(imports, needed)
        target = self._new_target(needed)
        self.modules.demand_ready_packages(target, needed, self.source)
        mentions = [*users.mentions, *([self.registration] if self.registration else [])]
        sure = imports == "keep" or any(each.sure for each in mentions)
        try:
            source = self._new_source(sure or bool(mentions))
            self._demand_runs(source, target, users.changed)
            notes = [f"{each.why}, so the old module imports it" for each in mentions[:1]]
        except UsageError:
            if sure or not mentions:
                raise
            source = self._new_source(False)
            self._demand_runs(source, target, users.changed)
            notes = [f"{each.why}, and the old module does not have it any more: look at it" for each in mentions]
        written = [Change(target.path, None if self.is_new else self.target.text, target.text)]
        written += [Change(old.path, old.text, new.text) for old, new in users.changed]
        written.append(Change(source.path, self.source.text, source.text))
        rest = ModuleText(self.source.path, self.rest, self.source.module)
        return written, [*notes, *users.notes, *self._left_over(rest)]

    def _demand_runs(self, source: ModuleText, target: ModuleText, users: list[tuple[ModuleText, ModuleText]]) -> None:
        after = {each.path: each for each in (target, source, *(new for _, new in users))}
        before = {each.path: each for each in (self.target, self.source, *(old for old, _ in users))}
        for each in after.values():
            _demand_valid(each)
        self.modules.demand_no_new_cycle(before, after)

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

    def _users(self, imports: ImportsOfUsers, needed: list[str]) -> _Users:
        users = _Users([], [], [])
        old, last = self.source.module, self.source.module.rpartition(".")[2]
        taken = [name for name in free_names(self.text) if from_import(old, name) in needed]
        for path, text, user in self.modules.files():
            if path == self.source.path:
                continue
            users.notes.extend(
                f"{path} may replace {old}.{name}, which it takes from {self.target.path} now"
                for name in taken
                if has_word(text, last) and replaced_texts(path, text, old, name)
            )
            if path == self.target.path:
                target = self.target
                text = (self._without_import(target) if self.name in target.bindings else target).text
            elif user is not None:
                text = self._rewritten(user, imports, users)
            users.mentions.extend(mentions_in(path, text, old, self.name, user) if imports == "rewrite" else ())
        return users

    def _rewritten(self, user: ModuleText, imports: ImportsOfUsers, users: _Users) -> str:
        try:
            text, needs_old = rewritten(user, self.source.module, self.name, self.target.module, flat=self._is_flat())
        except UsageError as error:
            if "no valid Python" in error.message or "line ends" in error.message:
                users.notes.append(f"{user.path} could not be read, and was left alone")
                return user.text
            raise
        if needs_old:
            users.mentions.append(Mention(needs_old, True))
        if imports == "keep" or text == user.text:
            return user.text
        users.changed.append((user, ModuleText(user.path, text, user.module)))
        return text

    def _is_flat(self) -> bool:
        folder = self.source.path.rpartition("/")[0]
        return not self.modules.workspace.exists(f"{folder}/__init__.py" if folder else "__init__.py")

    def _new_source(self, kept: bool) -> ModuleText:
        """The old module without the definition, with an import of it where it or somebody else still uses it."""
        rest = ModuleText(self.source.path, self.rest, self.source.module)
        mentioned = any(
            (isinstance(node, ast.Name) and node.id == self.name)
            or (isinstance(node, ast.Constant) and node.value == self.name)
            for node in ast.walk(rest.tree)
        )
        if mentioned:
            statement = from_import(self.target.module, self.name)
        elif kept or self.source.is_package or any(texts_with(rest.tree, self.name)):
            statement = f"from {self.target.module} import {self.name} as {self.name}"
        else:
            return rest
        return ModuleText(self.source.path, rest.with_imports([statement]), self.source.module)

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
        if len(found) > 1 or found[0].kind != "import" or origin_of(found[0], target) != own:
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


def _place_of_import(statement: str) -> tuple[bool, bool, bool, str]:
    return "__future__" not in statement, statement.startswith("if "), statement.startswith("from"), statement


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
