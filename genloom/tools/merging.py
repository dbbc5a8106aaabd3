"""Appending to a module: its text stays as it is, byte for byte, and new definitions follow it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from genloom.errors import UsageError
from genloom.syntax import parse_module
from genloom.tools.formatting import format_source

__all__ = ["MergeError", "append_block", "bound_names"]

EXPORTS = "__all__"

Import = ast.Import | ast.ImportFrom


class MergeError(UsageError):
    """A block cannot be appended: it does not parse, changes what is there, or adds nothing."""


def append_block(existing: str, block: str) -> str:
    """Return the module's text with the block, formatted, behind it.

    The result begins with `existing`, byte for byte. Imports and definitions that stand there already word for word are
    left out, and so are the block's docstring and `__future__` imports; `__all__`, where the module has one, is lengthened
    by the block's public names. A name that is bound already may not be bound to anything else. Raises `MergeError`.
    """
    before, tree = _parsed(existing, "The module"), _parsed(block, "The addition")
    if not before.body and not existing.strip():
        return format_source(block)
    text = format_source(block)
    tree = _parsed(text, "The addition") if text != block else tree
    pieces = _without_repetitions(before, [node for node in tree.body if not _is_superfluous(node, tree)])
    kept = list(pieces.values())
    _demand_new_names(before, kept)
    if not any(bound_names(node) for node in kept):
        raise MergeError("The addition defines nothing that the module does not have.")
    addition = _text_of(pieces, tree, text) + _exports(before, tree, kept)
    separator = "" if existing.endswith("\n") or not existing else "\n"
    return f"{existing}{separator}\n\n{addition}"


def bound_names(node: ast.AST) -> frozenset[str]:
    """Return the names that a statement or a whole module binds in its own namespace; `*` for a star import."""
    return frozenset(_bound(node))


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
            return
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from (inner.target.id for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
            return
        case ast.Import() | ast.ImportFrom():
            yield from (_alias_name(alias, node) for alias in node.names)
        case ast.Name(ctx=ast.Store() | ast.Del()):
            yield node.id
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


def _alias_name(alias: ast.alias, node: Import) -> str:
    return alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)


def _parsed(source: str, what: str) -> ast.Module:
    try:
        return parse_module(source)
    except SyntaxError as error:
        raise MergeError(f"{what} is not Python: {error.msg} (line {error.lineno}).") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise MergeError(f"{what} is not Python: {error}.") from error


def _is_superfluous(node: ast.stmt, tree: ast.Module) -> bool:
    """Whether a statement of the block has its place at the head of a module, or is its `__all__`."""
    docstring = node is tree.body[0] and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return docstring or future or bound_names(node) == {EXPORTS}


def _without_repetitions(before: ast.Module, statements: list[ast.stmt]) -> dict[ast.stmt, ast.stmt]:
    """Leave out what the module says already in the same words; of an import, the names that it imports already.

    Returns what remains of each statement that is kept.
    """
    there = {ast.unparse(node) for node in before.body if bound_names(node)}
    imported = {single for node in before.body if isinstance(node, Import) for single in _single_imports(node)}
    kept: dict[ast.stmt, ast.stmt] = {}
    for node in statements:
        if isinstance(node, Import):
            new = [alias for alias in node.names if _single_import(node, alias) not in imported]
            if new:
                kept[node] = node if len(new) == len(node.names) else _narrowed(node, new)
        elif ast.unparse(node) not in there:
            kept[node] = node
    return kept


def _single_imports(node: Import) -> Iterator[tuple[object, ...]]:
    yield from (_single_import(node, alias) for alias in node.names)


def _single_import(node: Import, alias: ast.alias) -> tuple[object, ...]:
    origin = (node.module, node.level) if isinstance(node, ast.ImportFrom) else ()
    return (*origin, alias.name, alias.asname)


def _narrowed(node: Import, names: list[ast.alias]) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import(names=names)
    return ast.ImportFrom(module=node.module, names=names, level=node.level)


def _demand_new_names(before: ast.Module, statements: list[ast.stmt]) -> None:
    taken = bound_names(before)
    again = sorted({name for node in statements for name in bound_names(node)} & taken)
    if again:
        what = ", ".join(f"`{name}`" for name in again[:5])
        raise MergeError(f"The addition defines {what} anew, which the module has already.")
    if any("*" in bound_names(node) for node in statements):
        raise MergeError("The addition imports everything (`*`) of another module, which could hide what is there.")


def _text_of(pieces: dict[ast.stmt, ast.stmt], tree: ast.Module, text: str) -> str:
    """The statements' own text with the comments above each; a narrowed import is written anew."""
    lines, written, end = text.splitlines(keepends=True), "", 0
    for node in tree.body:
        first, end = end, node.end_lineno or node.lineno
        kept = pieces.get(node)
        if kept is node:
            written += "".join(lines[first:end])
        elif kept is not None:
            written += f"{ast.unparse(kept)}\n"
    return (written + "".join(lines[end:])).strip("\n") + "\n"


def _exports(before: ast.Module, tree: ast.Module, kept: list[ast.stmt]) -> str:
    """The line that lengthens the module's `__all__`; nothing where it has none, for then every public name counts."""
    listing = [node for node in before.body if bound_names(node) == {EXPORTS}]
    if not listing:
        return ""
    listed = {item.value for node in listing for item in ast.walk(node) if isinstance(item, ast.Constant)}
    own = [node for node in tree.body if bound_names(node) == {EXPORTS}]
    wanted = [str(item.value) for node in own for item in ast.walk(node) if isinstance(item, ast.Constant)]
    defined = [
        name
        for node in kept
        if not isinstance(node, Import)
        for name in sorted(bound_names(node))
        if not name.startswith("_")
    ]
    new = [name for name in dict.fromkeys(wanted or defined) if name not in listed]
    if not new:
        return ""
    is_tuple = any(isinstance(getattr(node, "value", None), ast.Tuple) for node in listing)
    values = ", ".join(f'"{name}"' for name in new)
    return f"\n__all__ += ({values},)\n" if is_tuple else f"\n__all__ += [{values}]\n"
