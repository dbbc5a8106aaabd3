"""Parametrized tests: the bodies of a pytest function for each row of its one `parametrize`. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from genloom.syntax import copy_tree

__all__ = ["bodies_of"]

MAX_ROWS = 50


def bodies_of(function: ast.FunctionDef | ast.AsyncFunctionDef, *, own: int = 0) -> Iterator[tuple[ast.stmt, ...]]:
    """Yield the body of a test function as it runs: once where it takes nothing (but `own` parameters, such as `self`);
    for each row where one `pytest.mark.parametrize` gives all that it takes, with the row's values in place of the names.
    Other functions, which need fixtures or carry other decorators, yield nothing."""
    arguments = function.args
    taken = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)][own:]
    if arguments.vararg or arguments.kwarg or len(function.decorator_list) > 1:
        return
    if not function.decorator_list:
        if not taken:
            yield tuple(function.body)
        return
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    for row in _rows(function.decorator_list[0]):
        if set(row) == set(taken) and stored.isdisjoint(row):
            yield tuple(_Filled(row).visit(copy_tree(statement)) for statement in function.body)


def _rows(decorator: ast.expr) -> Iterator[Mapping[str, ast.expr]]:
    """Name -> value, for each row that is written out."""
    match decorator:
        case ast.Call(
            func=ast.Attribute(attr="parametrize"), args=[names, ast.List() | ast.Tuple() as rows], keywords=[]
        ):
            told = _names(names)
        case _:
            return
    for row in rows.elts[:MAX_ROWS]:
        values = [row] if len(told) == 1 else row.elts if isinstance(row, ast.Tuple | ast.List) else []
        if len(values) == len(told) and not any(isinstance(value, ast.Starred) for value in values):
            yield dict(zip(told, values, strict=True))


def _names(node: ast.expr) -> list[str]:
    """The names in `"a, b"`, `("a", "b")` or `["a", "b"]`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [name.strip() for name in node.value.split(",") if name.strip()]
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


class _Filled(ast.NodeTransformer):
    """Puts values in place of names."""

    def __init__(self, row: Mapping[str, ast.expr]) -> None:
        self._row = row

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy_tree(self._row[node.id]) if node.id in self._row else node
