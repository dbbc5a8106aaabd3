"""Fuel: running a found function so that it ends, also where its loop or its recursion would not."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any  # Any: values of searched programs are of every kind

__all__ = ["OutOfFuelError", "compiled"]

STEPS = 5_000


class OutOfFuelError(Exception):
    """More turns of loops and calls than any answer needs."""


class _Tank:
    def __init__(self) -> None:
        self.left = STEPS

    def burn(self) -> bool:
        self.left -= 1
        if self.left < 0:
            raise OutOfFuelError
        return True


class _Fuelling(ast.NodeTransformer):
    """Lets every turn of a loop, and every call of a function, burn some."""

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _burning())
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _burning())
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _burning())
        return node


def _burning() -> ast.stmt:
    return ast.parse("_burn()").body[0]


def compiled(source: str, name: str) -> Callable[..., Any]:
    """The function of a source text that this engine wrote; each call of it from outside has a full tank."""
    tank = _Tank()
    space: dict[str, Any] = {"_burn": tank.burn}
    tree = ast.fix_missing_locations(_Fuelling().visit(ast.parse(source)))
    exec(compile(tree, "<found>", "exec"), space)  # noqa: S102 - inside the sandbox, our own text
    function = space[name]

    def call(*arguments: Any) -> Any:
        tank.left = STEPS
        return function(*arguments)

    return call
