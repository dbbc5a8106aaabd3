"""Assertions: what each test of a pytest file asserts, and whether an assertion is sure to be reached. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Assertion", "TestFunction", "test_functions"]

_METHODS = frozenset({"assertEqual", "assertTrue", "assertFalse"})
_SWALLOWING = frozenset({"raises", "suppress", "assertRaises", "assertRaisesRegex", "deprecated_call", "warns"})
_LEAVING = (ast.Return, ast.Continue, ast.Break, ast.Raise)
_UNCOLLECTED = frozenset({"__init__", "__new__", "__test__"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_TURNING = frozenset({"range", "enumerate", "zip", "reversed", "sorted", "items"})


@dataclass(frozen=True)
class Assertion:
    """An `assert` statement, or a call such as `self.assertEqual(a, b)`. `sure` says that a test which ends well has
    evaluated it: it stands in no branch, handler or `with raises`, and nothing before it may have left."""

    node: ast.Assert | ast.Call
    sure: bool


@dataclass(frozen=True)
class TestFunction:
    """A test as pytest names it (`TestClass::test_it`, without parameters). `collected` says that pytest's own rules
    leave no doubt that it is a test."""

    __test__ = False  # pytest is not to collect it

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    assertions: tuple[Assertion, ...]
    collected: bool


def test_functions(tree: ast.Module) -> tuple[TestFunction, ...]:
    """Return the tests of a file, those of its classes too; of two with one name the last, which is the one that runs."""
    found: dict[str, TestFunction] = {}
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            collected = statement.name.startswith("Test") and not _UNCOLLECTED & _bound(statement.body)
            tests = _tests(statement.body, f"{statement.name}::", collected)
        else:
            tests = _tests([statement], "", True)
        found |= {test.name: test for test in tests}
    return tuple(found.values())


test_functions.__test__ = False  # type: ignore[attr-defined]  # pytest's own mark: this is no test


def _tests(statements: Sequence[ast.stmt], prefix: str, collected: bool) -> Iterator[TestFunction]:
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield TestFunction(prefix + node.name, node, tuple(_assertions(node.body, sure=True)), collected)


def _bound(statements: Sequence[ast.stmt]) -> set[str]:
    names = {node.name for node in statements if isinstance(node, ast.FunctionDef)}
    targets = (target for node in statements if isinstance(node, ast.Assign) for target in node.targets)
    return names | {target.id for target in targets if isinstance(target, ast.Name)}


def _assertions(body: Sequence[ast.stmt], *, sure: bool) -> Iterator[Assertion]:
    for statement in body:
        if isinstance(statement, _SCOPES):
            continue
        asserted = _asserted(statement)
        if asserted is not None:
            yield Assertion(asserted, sure)
        for block, certain in _blocks(statement):
            yield from _assertions(block, sure=sure and certain)
        sure = sure and not any(isinstance(node, _LEAVING) for node in ast.walk(statement))


def _asserted(statement: ast.stmt) -> ast.Assert | ast.Call | None:
    match statement:
        case ast.Assert(test=ast.Constant()):
            return None  # `assert False` marks a line that is not to be reached
        case ast.Assert():
            return statement
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name)) as call) if name in _METHODS and call.args:
            return call
    return None


def _blocks(statement: ast.stmt) -> Iterator[tuple[list[ast.stmt], bool]]:
    """The blocks inside a statement, and whether each of them is entered and left like the code around it."""
    match statement:
        case ast.With() | ast.AsyncWith():
            yield statement.body, not any(_swallows(item.context_expr) for item in statement.items)
        case ast.For() | ast.AsyncFor():
            yield statement.body, _turns(statement.iter)
            yield statement.orelse, False
        case ast.If() | ast.While():
            yield from ((statement.body, False), (statement.orelse, False))
        case ast.Try() | ast.TryStar():
            yield from ((statement.body, False), (statement.orelse, False), (statement.finalbody, False))
            yield from ((handler.body, False) for handler in statement.handlers)
        case ast.Match():
            yield from ((case.body, False) for case in statement.cases)


def _swallows(context: ast.expr) -> bool:
    function = context.func if isinstance(context, ast.Call) else context
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in _SWALLOWING


def _turns(sequence: ast.expr) -> bool:
    """Whether a loop is sure to turn: over a literal or a constant, not over what a call gave."""
    if isinstance(sequence, ast.List | ast.Tuple):
        return bool(sequence.elts)
    names = (node.id for node in ast.walk(sequence) if isinstance(node, ast.Name))
    attributes = {node.attr for node in ast.walk(sequence) if isinstance(node, ast.Attribute)}
    return attributes <= _TURNING and all(name.isupper() or name in _TURNING for name in names)
