"""The caller's assertions, as checks of the module that it imports: examples where they stand alone, else pytest functions
with the statements that they need. Pure."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from genloom.errors import ExampleError
from genloom.interfaces.importer.caller.caller import Caller, resolved_module
from genloom.interfaces.importer.caller.data_flow import bound_names, needed_statements
from genloom.interfaces.importer.caller.effects import acting_names, acts, rebound_names
from genloom.interfaces.importer.caller.parametrized import bodies_of
from genloom.interfaces.importer.caller.pytest_file import as_function, as_test_file, reaching
from genloom.interfaces.importer.caller.repeatable import OUTSIDE, Repeatable, imports_exist, reaches_outside
from genloom.state import parse_example
from genloom.syntax import copy_tree

__all__ = ["CallerChecks", "caller_checks"]

MAX_TESTS = 50
MAX_LOOKED_AT = 100
MAX_STATEMENTS = 1_000
"""An assertion behind more statements is no check: what it needs would take too long to find."""
_UNSURE = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Match)
"""Statements that may end without having asserted anything."""
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("__"))


@dataclass(frozen=True)
class CallerChecks:
    """`examples` as `parse_example` takes them, and the text of a pytest file, "" without tests."""

    examples: tuple[str, ...] = ()
    tests: str = ""


@dataclass(frozen=True)
class _Scope:
    """Statements that run one after the other, with those of the module in front where they are a function's."""

    before: tuple[ast.stmt, ...]
    body: tuple[ast.stmt, ...]


def caller_checks(caller: Caller, module: str, repeatable: Repeatable, *, line: int = 0) -> CallerChecks:
    """Return what the caller asserts of the module's names.

    Looked at are the module's own statements, the function or class that holds the import statement (`line`), and functions
    and methods named `test…` without parameters, or with rows of them. What cannot be repeated in a sandbox is left out (see
    `Repeatable`), as is what reaches outside of the program.
    """
    examples: dict[str, None] = {}
    tests: list[tuple[tuple[ast.stmt, ...], str]] = []
    look = _Look(caller, module, repeatable)
    looked_at = 0
    for scope in _scopes(caller.tree, line, _BUILTINS | look.own_names):
        for number, statement, alone in look.asserting(scope):
            parts = _as_examples(statement, look) if alone else None
            if parts is not None:
                examples |= dict.fromkeys(parts)
                continue
            if looked_at >= MAX_LOOKED_AT or len(scope.before) + number > MAX_STATEMENTS:
                continue
            looked_at += 1
            steps = look.steps(statement, (*scope.before, *scope.body[:number]))
            text = as_function(steps, caller, look.own_names) if steps else ""
            if text and not repeatable.is_secret(text):
                tests.append((steps, text))
    told = [
        text
        for number, (steps, text) in enumerate(tests)
        if not any(set(steps) <= set(more) for more, _ in tests[number + 1 :])
    ]
    if not examples and all(isinstance(steps[-1], _UNSURE) for steps, _ in tests):
        told = [text for text in map(reaching, told) if text]
    names = {local: name for local, name in caller.names.items() if name in repeatable.known}
    return CallerChecks(tuple(examples), as_test_file(told[:MAX_TESTS], replace(caller, names=names), module))


class _Look:
    """A look at one caller: what its statements say of the module."""

    def __init__(self, caller: Caller, module: str, repeatable: Repeatable) -> None:
        self.caller = caller
        self.mentioned = caller.mentioned(caller.tree)
        self.own_names = set(caller.names) | {dotted.split(".")[0] for dotted in caller.modules}
        self._module = module
        self._repeatable = repeatable
        self._acting = acting_names(caller)

    def asserting(self, scope: _Scope) -> Iterator[tuple[int, ast.stmt, bool]]:
        """Yield the statements that assert something of the module by their numbers, and whether they stand alone: no
        earlier call changes what they see. Behind a binding of its names to something else, nothing speaks of it."""
        taken: set[str] = set()
        if scope.before:  # a function's names are its own from its first line on
            taken = taken.union(*(rebound_names(each, self.caller, self._module) for each in scope.body))
        acted = any(acts(each, self._acting, self.caller) for each in scope.before)
        for each in scope.before:
            taken |= rebound_names(each, self.caller, self._module)
        for number, statement in enumerate(scope.body):
            acting = acts(statement, self._acting, self.caller)
            if _asserts(statement) and not (taken and taken & _names(statement)):
                yield number, statement, not acted and not acting
            acted = acted or acting
            taken |= rebound_names(statement, self.caller, self._module)

    def steps(self, statement: ast.stmt, before: Sequence[ast.stmt]) -> tuple[ast.stmt, ...]:
        """The statement behind all that it needs; nothing where it says nothing of the module or cannot be repeated."""
        caller, repeatable = self.caller, self._repeatable
        needed = needed_statements(
            before,
            statement,
            _BUILTINS | self.own_names,
            besides=[each for each in before if acts(each, self._acting, caller)],
        )
        steps = (*(each for each in needed if not _imports_only(each, caller, self._module)), statement)
        mentioned = {name for step in steps for name in caller.mentioned(step)}
        if not mentioned & repeatable.asked or mentioned - repeatable.known:
            return ()
        if reaches_outside(steps, caller, repeatable.known):
            return ()
        return steps if all(imports_exist(step, caller, repeatable) for step in steps) else ()


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _scopes(tree: ast.Module, line: int, given: Collection[str]) -> Iterator[_Scope]:
    body = tuple(_flattened(tree.body))
    yield _Scope((), body)
    for node in body:
        others = tuple(each for each in body if each is not node and not isinstance(each, ast.Assert))
        if isinstance(node, ast.ClassDef) and _holds(node, line):
            yield _Scope(others, tuple(node.body))
        methods = node.body if isinstance(node, ast.ClassDef) and _is_test_class(node) else [node]
        for function in methods:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if function.name.startswith("test"):
                for run in bodies_of(function, own=1 if isinstance(node, ast.ClassDef) else 0):  # self
                    yield _Scope(others, run)
            elif _holds(function, line):
                yield from _as_called(function, others, given)


def _as_called(
    function: ast.FunctionDef | ast.AsyncFunctionDef, before: tuple[ast.stmt, ...], given: Collection[str]
) -> Iterator[_Scope]:
    """The body of a function that may take anything: what needs its parameters finds nothing by these names."""
    parameters = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    if parameters.isdisjoint(given):
        known = tuple(each for each in before if parameters.isdisjoint(bound_names(each)))
        yield _Scope(known, tuple(function.body))


def _holds(definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, line: int) -> bool:
    return definition.lineno <= line <= (definition.end_lineno or definition.lineno)


def _is_test_class(node: ast.ClassDef) -> bool:
    return node.name.startswith("Test") and not node.decorator_list


def _flattened(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those behind `if __name__ == "__main__":` among them."""
    for statement in body:
        match statement:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                yield from statement.body
            case _:
                yield statement


def _asserts(statement: ast.stmt) -> bool:
    """Whether a statement itself asserts something: definitions only say how one might."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return any(isinstance(each, ast.Assert) or _raises_assertion(each) or _expects(each) for each in _heard(statement))


def _heard(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement but for those whose failure would be swallowed by an `except` around them."""
    stack = [statement]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.Try) and any(map(_swallows, node.handlers)):
            stack += [*node.handlers, *node.orelse, *node.finalbody]
        else:
            stack.extend(ast.iter_child_nodes(node))


def _swallows(handler: ast.ExceptHandler) -> bool:
    names = (
        {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)} if handler.type else {"Exception"}
    )
    ends = any(
        isinstance(each, ast.Raise) or (isinstance(each, ast.Call) and _exits(each)) for each in ast.walk(handler)
    )
    return not names.isdisjoint(("AssertionError", "Exception", "BaseException")) and not ends


def _exits(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] in ("exit", "_exit", "fail")


def _raises_assertion(node: ast.AST) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "AssertionError"


def _expects(node: ast.AST) -> bool:
    """Whether it is a `with pytest.raises(…)`."""
    return isinstance(node, ast.With) and any(
        isinstance(item.context_expr, ast.Call) and ast.unparse(item.context_expr.func) in ("pytest.raises", "raises")
        for item in node.items
    )


def _as_examples(statement: ast.stmt, look: _Look) -> list[str] | None:
    """The statement as examples alone, `None` where it is more than these."""
    match statement:
        case ast.Assert(test=ast.BoolOp(op=ast.And(), values=values)):
            texts = [_example(value, look) for value in values]
        case ast.Assert(test=test):
            texts = [_example(test, look)]
        case ast.Try(body=[ast.Expr(value=ast.Call() as call)], handlers=[handler], finalbody=[]) if _passes(handler):
            raised = any(_raises_assertion(each) for each in statement.orelse)
            texts = [_raising(handler.type, call, look) if raised else None]
        case ast.With(items=[item], body=[ast.Expr(value=ast.Call() as call)]) if _expects(statement):
            expected = item.context_expr
            plain = isinstance(expected, ast.Call) and len(expected.args) == 1 and not expected.keywords
            texts = [_raising(expected.args[0], call, look) if plain and isinstance(expected, ast.Call) else None]
        case _:
            return None
    return [text for text in texts if text] if all(texts) else None


def _passes(handler: ast.ExceptHandler) -> bool:
    return not handler.name and len(handler.body) == 1 and isinstance(handler.body[0], ast.Pass)


def _raising(error: ast.expr | None, call: ast.expr, look: _Look) -> str | None:
    name = look.caller.original(error) if error is not None else None
    if isinstance(error, ast.Name):
        name = name or error.id
    return _parsed(f"raises({name}, {_in_module(call, look.caller)})", look) if name else None


def _example(node: ast.expr, look: _Look) -> str | None:
    return _parsed(_in_module(node, look.caller), look)


def _parsed(text: str, look: _Look) -> str | None:
    """The text of an example that calls the module's names on literals, and needs nothing else."""
    try:
        example = parse_example(text)
        names = {each.id for each in ast.walk(ast.parse(example.call)) if isinstance(each, ast.Name)}
    except (ExampleError, SyntaxError, ValueError, RecursionError):
        return None
    needed = names - _BUILTINS
    stands_alone = needed and needed <= look.mentioned and not (names - needed) & OUTSIDE
    return example.text if stands_alone and not _is_object(example.call) else None


def _is_object(call: str) -> bool:
    """Whether a call gives an object of a class of the module's own: only that class can tell what it equals."""
    match ast.parse(call, mode="eval").body:
        case ast.Call(func=ast.Name(id=name)):
            return name[:1].isupper()
        case ast.BinOp(left=left, right=right):
            return any(_is_object(ast.unparse(side)) for side in (left, right))
    return False


def _in_module(node: ast.expr, caller: Caller) -> str:
    """The expression as it reads inside the module: by its own names."""
    return ast.unparse(_Renamed(caller).visit(copy_tree(node)))


class _Renamed(ast.NodeTransformer):
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def visit_Name(self, node: ast.Name) -> ast.expr:
        original = self._caller.original(node)
        return ast.Name(original, node.ctx) if original else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        original = self._caller.original(node)
        return ast.Name(original, node.ctx) if original else self._inside(node)

    def _inside(self, node: ast.Attribute) -> ast.expr:
        return ast.Attribute(self.visit(node.value), node.attr, node.ctx)


def _imports_only(statement: ast.stmt, caller: Caller, module: str) -> bool:
    """Whether it is an import of the module's own names, which the test file has at its top, or of the future."""
    if isinstance(statement, ast.ImportFrom):
        return resolved_module(statement, caller.package) in (module, "__future__")
    return isinstance(statement, ast.Import) and all(alias.name == module for alias in statement.names)
