"""Shadowing: where a builtin's name stands for something of the file's own."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence

__all__ = ["Shadows"]

_Position = tuple[int, int]
_FILE_END: _Position = (sys.maxsize, 0)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Shadows:
    """The stretches of a file in which some names are bound by the file itself.

    Only what certainly hides the builtin counts: a parameter or a local name inside its function, and a function or class
    of the module's top level after its definition. When in doubt the builtin is meant.
    """

    def __init__(self, tree: ast.Module, nodes: Sequence[ast.AST], names: frozenset[str]) -> None:
        self._stretches: list[tuple[str, _Position, _Position]] = []
        if not any(_binds(node, names) for node in nodes):
            return
        deleted = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)}
        for statement in tree.body:
            if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)) and statement.name in names - deleted:
                self._stretches.append((statement.name, _end(statement), _FILE_END))
        for node in nodes:
            if isinstance(node, _FUNCTIONS):
                body = (node.body[0].lineno, node.body[0].col_offset)
                self._stretches += [(name, body, _end(node)) for name in _local_names(node) & names - deleted]

    def hide(self, node: ast.Name) -> bool:
        """Whether this mention of a name is not the builtin's."""
        at = (node.lineno, node.col_offset)
        return any(name == node.id and start <= at <= end for name, start, end in self._stretches)


def _binds(node: ast.AST, names: frozenset[str]) -> bool:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return node.name in names
    if isinstance(node, ast.arg):
        return node.arg in names
    return isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Store)


def _local_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    spec = function.args
    arguments = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    bound = {argument.arg for argument in arguments if argument is not None}
    elsewhere: set[str] = set()
    for node in _own_nodes(function.body):
        if isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            bound.add(node.name)
    return bound - elsewhere


def _own_nodes(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Walk the statements of one scope without entering the scopes inside it."""
    inner = (*_FUNCTIONS, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, inner):
            todo.extend(ast.iter_child_nodes(node))


def _end(node: ast.stmt) -> _Position:
    return (node.end_lineno or node.lineno, node.end_col_offset or 0)
