"""Updates: the statements that set the state of a loop to what its step gives."""

from __future__ import annotations

import ast
from collections.abc import Sequence

__all__ = ["indented", "is_empty", "update", "update_two"]


def is_empty(start: ast.expr) -> bool:
    """Whether a state starts as an empty list or dictionary: then nobody else holds it, and it may be filled in place."""
    return isinstance(start, ast.List | ast.Dict) and not ast.unparse(start).strip("[]{}")


def update(state: str, body: ast.expr, *, growing: bool = False) -> list[str]:
    """The statements that set a state to what its step gives."""
    match body:
        case ast.Name(name) if name == state:
            return []
        case ast.IfExp(test=test, body=then, orelse=other):
            return _branches(state, test, then, other, growing)
        case ast.BinOp(left=ast.Name(name), op=ast.Add(), right=ast.List(elts=[item])) if name == state and growing:
            return [f"{state}.append({ast.unparse(item)})"]
        case ast.Dict(keys=[None, ast.expr() as key], values=[ast.Name(name), value]) if name == state and growing:
            return [f"{state}[{ast.unparse(key)}] = {ast.unparse(value)}"]
        case ast.BinOp(left=ast.Name(name), op=op, right=right) if name == state and not growing:
            mark = ast.unparse(ast.BinOp(ast.Name("x"), op, ast.Name("x")))[1:-1].strip()
            return [f"{state} {mark}= {ast.unparse(right)}"]
    return [f"{state} = {ast.unparse(body)}"]


def _branches(state: str, test: ast.expr, then: ast.expr, other: ast.expr, growing: bool) -> list[str]:
    yes, no = update(state, then, growing=growing), update(state, other, growing=growing)
    if not no:
        return [f"if {ast.unparse(test)}:", *indented(yes)]
    if not yes:
        return [f"if {ast.unparse(_negated(test))}:", *indented(no)]
    return [f"if {ast.unparse(test)}:", *indented(yes), "else:", *indented(no)]


def _negated(test: ast.expr) -> ast.expr:
    opposite = {
        ast.Lt: ast.GtE,
        ast.LtE: ast.Gt,
        ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq,
        ast.Gt: ast.LtE,
        ast.In: ast.NotIn,
    }
    match test:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in opposite:
            return ast.Compare(left, [opposite[type(op)]()], [right])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
    return ast.UnaryOp(ast.Not(), test)


def update_two(one: str, other: str, body: ast.Tuple) -> list[str]:
    """The statements that set two states to what their step gives, both at once where one is read by the other."""
    first, second = body.elts
    if isinstance(second, ast.Name) and second.id == other:
        return update(one, first)
    if not any(isinstance(node, ast.Name) and node.id == one for node in ast.walk(second)):
        return [*update(one, first), *update(other, second)]
    return [f"{one}, {other} = {ast.unparse(first)}, {ast.unparse(second)}"]


def indented(lines: Sequence[str]) -> list[str]:
    """The lines, one step further in."""
    return [f"    {line}" for line in lines]
