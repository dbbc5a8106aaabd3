"""Fuel: running a found function so that it ends, also where its loop or its recursion would not, or its numbers grow."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any  # Any: values of searched programs are of every kind

__all__ = ["OutOfFuelError", "compiled"]

STEPS = 5_000
MAX_BITS = 20_000
MAX_LENGTH = 200_000
"""Larger numbers and longer sequences than these, made by `*`, `**` or `<<`, are no answer's either."""


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


def _bounded(mark: str, one: Any, other: Any) -> Any:
    """`one * other`, `one ** other` or `one << other`, where the result is not too large."""
    if _bits(mark, one, other) > MAX_BITS or _length(mark, one, other) > MAX_LENGTH:
        raise OutOfFuelError
    return one * other if mark == "*" else one**other if mark == "**" else one << other


def _bits(mark: str, one: Any, other: Any) -> int:
    if not isinstance(one, int) or not isinstance(other, int):
        return 0
    return one.bit_length() + (other.bit_length() if mark == "*" else 0) if mark != "**" else _power(one, other)


def _power(one: int, other: int) -> int:
    return one.bit_length() * other if other > 0 and one not in (0, 1, -1) else 0


def _length(mark: str, one: Any, other: Any) -> int:
    if mark == "<<":
        return other if isinstance(other, int) and isinstance(one, int) and one else 0
    pairs = ((one, other), (other, one)) if mark == "*" else ()
    return max((len(a) * b for a, b in pairs if isinstance(a, _SEQUENCES) and isinstance(b, int)), default=0)


_SEQUENCES = (str, bytes, list, tuple)
_MARKS: dict[type, str] = {ast.Mult: "*", ast.Pow: "**", ast.LShift: "<<"}


class _Fuelling(ast.NodeTransformer):
    """Lets every turn of a loop, and every call of a function, burn some; what makes large values is bounded."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        mark = _MARKS.get(type(node.op))
        return node if mark is None else _call(mark, node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        mark = _MARKS.get(type(node.op))
        if mark is None or not isinstance(node.target, ast.Name):
            return node
        return ast.Assign([node.target], _call(mark, ast.Name(node.target.id, ast.Load()), node.value))

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


def _call(mark: str, one: ast.expr, other: ast.expr) -> ast.Call:
    return ast.Call(ast.Name("_bounded", ast.Load()), [ast.Constant(mark), one, other], [])


def compiled(source: str, name: str) -> Callable[..., Any]:
    """The function of a source text that this engine wrote; each call of it from outside has a full tank."""
    tank = _Tank()
    space: dict[str, Any] = {"_burn": tank.burn, "_bounded": _bounded}
    tree = ast.fix_missing_locations(_Fuelling().visit(ast.parse(source)))
    exec(compile(tree, "<found>", "exec"), space)  # noqa: S102 - inside the sandbox, our own text
    function = space[name]

    def call(*arguments: Any) -> Any:
        tank.left = STEPS
        return function(*arguments)

    return call
