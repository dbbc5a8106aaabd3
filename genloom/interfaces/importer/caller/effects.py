"""Effects: where a caller's calls change what a later one gives, and where a name is no longer the module's. Pure."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from genloom.interfaces.importer.caller.caller import Caller, resolved_module
from genloom.interfaces.importer.caller.data_flow import bound_names

__all__ = ["Acting", "acting_names", "acts", "rebound_names"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Acting(NamedTuple):
    """The module's own `names` that are called for an effect, and the caller's `helpers` that call these."""

    names: frozenset[str]
    helpers: frozenset[str]


def acting_names(caller: Caller) -> Acting:
    """Return the module's functions that the caller calls for their effect: nothing ever takes their value; or that take
    nothing, and are to give this and then that."""
    bare: Counter[str] = Counter()
    called: Counter[str] = Counter()
    given: dict[str, set[str]] = {}
    expected: set[ast.AST] = set()  # calls that are to raise: their value is not to be had
    for node in ast.walk(caller.tree):
        if isinstance(node, ast.Try | ast.With):
            expected.update(node.body)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node not in expected:
            bare.update(_called(node.value, caller))
        elif isinstance(node, ast.Call):
            called.update(_called(node, caller))
        elif isinstance(node, ast.Assert):
            for name, value in _without_arguments(node.test, caller):
                given.setdefault(name, set()).add(value)
    for_effect = {name for name, count in bare.items() if called[name] == count and not name[:1].isupper()}
    names = frozenset(for_effect | {name for name, values in given.items() if len(values) > 1})
    functions = [each for each in ast.walk(caller.tree) if names and isinstance(each, _FUNCTIONS)]
    helpers = {each.name for each in functions if any(caller.original(call.func) in names for call in _calls(each))}
    return Acting(names, frozenset(helpers))


def acts(node: ast.AST, acting: Acting, caller: Caller) -> bool:
    """Whether code calls one of the functions where it stands; a definition only says how one might."""
    if not acting.names or isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return False
    functions = [call.func for call in _calls(node)]
    helped = any(isinstance(each, ast.Name) and each.id in acting.helpers for each in functions)
    return helped or any(caller.original(each) in acting.names for each in functions)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))


def rebound_names(statement: ast.stmt, caller: Caller, module: str) -> set[str]:
    """Return the local names of the module's own that a statement gives to something else. One that imports them, if only
    in one of its branches, does not."""
    own = {*caller.names, *(dotted for dotted in caller.modules if "." not in dotted)}
    bound = bound_names(statement) & own
    return (
        bound - {name for each in ast.walk(statement) for name in _imported(each, caller, module)} if bound else bound
    )


def _called(call: ast.Call, caller: Caller) -> Iterator[str]:
    name = caller.original(call.func)
    if name is not None:
        yield name


def _without_arguments(test: ast.expr, caller: Caller) -> Iterator[tuple[str, str]]:
    match test:
        case ast.Compare(left=ast.Call(args=[], keywords=[]) as call, ops=[ast.Eq()], comparators=[value]):
            yield from ((name, ast.dump(value)) for name in _called(call, caller))
        case ast.BoolOp(op=ast.And(), values=values):
            for each in values:
                yield from _without_arguments(each, caller)


def _imported(node: ast.AST, caller: Caller, module: str) -> Sequence[str]:
    if isinstance(node, ast.ImportFrom):
        origin = resolved_module(node, caller.package)
        if origin == module:
            return [alias.asname or alias.name for alias in node.names if alias.name != "*"] or list(caller.names)
        parent, _, last = module.rpartition(".")
        return [alias.asname or alias.name for alias in node.names if origin == parent and alias.name == last]
    if isinstance(node, ast.Import):
        above = [alias for alias in node.names if f"{module}.".startswith(f"{alias.name}.")]
        return [alias.asname or alias.name.split(".")[0] for alias in above]
    return []
