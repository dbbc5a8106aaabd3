"""Data flow among statements: which earlier ones a piece of code needs. Pure, by names, and rather too many than too few."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

__all__ = ["bound_names", "needed_statements", "read_names"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_ACTING = (ast.Expr, ast.AugAssign, ast.Assign, ast.AnnAssign, ast.Delete, ast.For, ast.While, ast.With, ast.If)
_ALSO_ACTING = (ast.Try, ast.Assert, ast.Match)


def read_names(node: ast.AST) -> set[str]:
    """Return the names that code reads, those that its own functions declare global among them."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names | _globals(node)


def _globals(node: ast.AST) -> set[str]:
    return {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}


def bound_names(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds where it stands, or may bind later by a `global` inside; what else a function
    binds is its own affair."""
    if isinstance(statement, _DEFINITIONS):
        return {statement.name} | _globals(statement)
    if isinstance(statement, _IMPORTS):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    found: set[str] = set()
    for each in ast.walk(statement):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
        elif isinstance(each, (*_DEFINITIONS, *_IMPORTS)) and each is not statement:
            found |= bound_names(each)
        elif isinstance(each, ast.ExceptHandler) and each.name:
            found.add(each.name)
    return found


def needed_statements(
    body: Sequence[ast.stmt], target: ast.AST, given: Collection[str], *, besides: Collection[ast.stmt] = ()
) -> list[ast.stmt]:
    """Return the statements of `body` that code behind them needs, in order: what binds its names, what these need in turn,
    and what may change their values. `given` are names that are there anyway, `besides` statements that it needs anyway."""
    lasting = [each for each in body if isinstance(each, (*_DEFINITIONS, *_IMPORTS)) and not _globals(each)]
    fixed = set(given).union(*map(bound_names, lasting))
    wanted = read_names(target) - set(given)
    chosen = {number for number, each in enumerate(body) if each in besides} if besides else set()
    wanted = wanted.union(*(read_names(body[number]) for number in chosen)) - set(given)
    reads, binds = [read_names(each) for each in body], [bound_names(each) for each in body]
    grown = True
    while grown:
        grown = False
        for number in range(len(body) - 1, -1, -1):
            if number not in chosen and _is_needed(body[number], reads[number], binds[number], wanted, fixed):
                chosen.add(number)
                wanted |= (reads[number] | _calling(body[number])) - set(given)
                grown = True
    return [body[number] for number in sorted(chosen)]


def _is_needed(statement: ast.stmt, reads: set[str], binds: set[str], wanted: set[str], fixed: Collection[str]) -> bool:
    if not binds.isdisjoint(wanted):
        return True
    if not isinstance(statement, _ACTING + _ALSO_ACTING) or _only_prints(statement):
        return False
    return not (reads & wanted).issubset(fixed)


def _calling(statement: ast.stmt) -> set[str]:
    """The names by which a function is called that changes variables around it: who calls it matters, too."""
    return bound_names(statement) if isinstance(statement, _DEFINITIONS) and _globals(statement) else set()


def _only_prints(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
    return False
