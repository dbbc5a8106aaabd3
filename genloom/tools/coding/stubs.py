"""Python code whose new functions do nothing: what tests are tried against that must show something of those functions."""

from __future__ import annotations

import ast

from genloom.syntax import UNPARSABLE, parse_module

__all__ = ["stubbed"]

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def stubbed(before: str | None, after: str) -> str | None:
    """Return the code with every function that is new or another than before returning `None` at once.

    `None` where more than functions and imports is new (a constant, a class's field): no stub can stand for that.
    """
    try:
        old, new = parse_module(before or ""), parse_module(after)
    except UNPARSABLE:
        return None
    body = _stubbed(old.body, new.body)
    if body is None:
        return None
    new.body = body
    return ast.unparse(ast.fix_missing_locations(new))


def _stubbed(old: list[ast.stmt], new: list[ast.stmt]) -> list[ast.stmt] | None:
    known = {ast.dump(statement) for statement in old}
    classes = {statement.name: statement.body for statement in old if isinstance(statement, ast.ClassDef)}
    body: list[ast.stmt] = []
    for statement in new:
        if isinstance(statement, _Function) and ast.dump(statement) not in known:
            statement.body = [ast.Return(value=ast.Constant(value=None))]
        elif isinstance(statement, ast.ClassDef) and ast.dump(statement) not in known:
            inner = _stubbed(classes.get(statement.name, []), statement.body)
            if inner is None:
                return None
            statement.body = inner
        elif ast.dump(statement) not in known and not _means_nothing(statement):
            return None
        body.append(statement)
    return body


def _means_nothing(statement: ast.stmt) -> bool:
    """Whether a new statement leaves nothing that a test could be about."""
    words = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return words or isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass)
