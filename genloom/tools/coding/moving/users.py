"""The users of a definition that moves: their imports are written anew, or they are told to need the old place."""

from __future__ import annotations

import ast
from typing import NamedTuple

from genloom.errors import UsageError
from genloom.tools.coding.moving.module_text import ModuleText, absolute_module

__all__ = ["Rewritten", "from_import", "rewritten"]

LINE = 110


class Rewritten(NamedTuple):
    """A user's text with its imports of the name changed, and why it still needs the name at its old place, if it does."""

    text: str
    needs_old: str = ""


def from_import(module: str, name: str, asname: str | None = None) -> str:
    """Return an import statement."""
    return f"from {module} import {name}{f' as {asname}' if asname and asname != name else ''}"


def rewritten(user: ModuleText, old: str, name: str, new: str, *, flat: bool = False) -> Rewritten:
    """Return a user with `from old import name` as `from new import name`.

    Imports of everything, and those that cannot be changed without loss, need the old place. Raises `UsageError` for one
    that imports the module by its last name alone, where `flat` says that its folder is no package.
    """
    last = old.rpartition(".")[2]
    if last not in user.text or (name not in user.text and "*" not in user.text):
        return Rewritten(user.text)
    if flat:
        _demand_one_name(user, old)
    text, needs = user.text, ""
    found = [
        node for node in ast.walk(user.tree) if isinstance(node, ast.ImportFrom) and absolute_module(node, user) == old
    ]
    for node in sorted(found, key=lambda node: -node.lineno):
        names = [alias.name for alias in node.names]
        if "*" in names:
            needs = f"line {node.lineno} of {user.path} imports everything of {old}"
        if name in names:
            changed = _changed(user, node, name, new, text)
            needs = needs or ("" if changed else f"line {node.lineno} of {user.path} imports it in a way that stays")
            text = changed or text
    return Rewritten(text, needs)


def _changed(user: ModuleText, node: ast.ImportFrom, name: str, new: str, text: str) -> str:
    """Return the text with one statement changed; empty where a comment or a neighbour on its line would be lost."""
    lines = text.split("\n")
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    start = lines[first].encode()[: node.col_offset].decode()
    rest = lines[last].encode()[node.end_col_offset or 0 :].decode()
    inside = "\n".join(lines[first : last + 1])[: -len(rest) or None]
    if start.strip() or rest.strip().startswith(";") or "#" in inside:
        return ""
    moved = [alias for alias in node.names if alias.name == name]
    kept = [alias for alias in node.names if alias.name != name]
    module = "." * node.level + (node.module or "")
    statements = [*([_of_names(module, kept, start)] if kept else [])]
    statements += [from_import(new, name, alias.asname) for alias in moved]
    block = f"\n{start}".join(statements)
    lines[first : last + 1] = [f"{start}{block}{rest}"]
    return "\n".join(lines)


def _of_names(module: str, names: list[ast.alias], start: str) -> str:
    told = [f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in names]
    line = f"from {module} import {', '.join(told)}"
    if len(start) + len(line) <= LINE:
        return line
    inner = "".join(f"{start}    {each},\n" for each in told)
    return f"from {module} import (\n{inner}{start})"


def _demand_one_name(user: ModuleText, old: str) -> None:
    """Raise `UsageError` where a folder of scripts or tests is imported from by other names than the repository's."""
    last = old.rpartition(".")[2]
    if last == old or user.module.rpartition(".")[0] != old.rpartition(".")[0]:
        return
    for node in ast.walk(user.tree):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if last in names or (isinstance(node, ast.ImportFrom) and absolute_module(node, user) == last):
            raise UsageError(
                f"{user.path!r} imports {old} as {last!r}, by its folder.",
                hint="Move it by hand: its new name is not sure.",
            )
