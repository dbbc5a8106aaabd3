"""The caller's assertions, as checks of the module that it imports: examples where they stand alone, else pytest functions
with the statements that they need. Pure."""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from genloom.errors import ExampleError
from genloom.interfaces.importer.caller.caller import Caller, resolved_module
from genloom.interfaces.importer.caller.data_flow import needed_statements
from genloom.state import parse_example

__all__ = ["CallerChecks", "Repeatable", "caller_checks"]

MAX_TESTS = 50
MAX_LOOKED_AT = 100
MAX_STATEMENTS = 1_000
"""An assertion behind more statements is no check: what it needs would take too long to find."""
MAX_TEST_CHARACTERS = 100_000
_BUILTINS = frozenset(dir(builtins))
_OUTSIDE = frozenset(
    "open input exec eval compile __import__ breakpoint system popen run check_output Popen urlopen urlretrieve "
    "connect create_connection socket getpass serve_forever".split()
)
"""Calls that reach outside of the program: what needs them is no check that a sandbox can repeat."""


@dataclass(frozen=True)
class CallerChecks:
    """`examples` as `parse_example` takes them, and the text of a pytest file, "" without tests."""

    examples: tuple[str, ...] = ()
    tests: str = ""


@dataclass(frozen=True, kw_only=True)
class Repeatable:
    """What a check may need: of the module the names that are `asked` for (one at least) and those it has already
    (`defined`), and other modules that exist. What is secret is no check."""

    asked: frozenset[str]
    defined: frozenset[str] = frozenset()
    module_exists: Callable[[str], bool] = lambda name: True
    is_secret: Callable[[str], bool] = lambda text: False


@dataclass(frozen=True)
class _Scope:
    """Statements that run one after the other, with those of the module in front where they are a function's."""

    before: tuple[ast.stmt, ...]
    body: tuple[ast.stmt, ...]


def caller_checks(caller: Caller, module: str, repeatable: Repeatable, *, line: int = 0) -> CallerChecks:
    """Return what the caller asserts of the module's names.

    Looked at are the module's own statements, the function that holds the import statement (`line`), and functions named
    `test…` without parameters. What cannot be repeated in a sandbox is left out: see `Repeatable`, and what
    reaches outside of the program.
    """
    examples: dict[str, None] = {}
    tests: list[tuple[ast.stmt, ...]] = []
    looked_at = 0
    for scope in _scopes(caller.tree, line):
        for number, statement in enumerate(scope.body):
            if not _asserts(statement):
                continue
            parts = _as_examples(statement, caller)
            if parts is not None:
                examples |= dict.fromkeys(parts)
                continue
            if looked_at >= MAX_LOOKED_AT or len(scope.before) + number > MAX_STATEMENTS:
                continue
            looked_at += 1
            behind = (*scope.before, *scope.body[:number])
            steps = _steps(statement, behind, caller, module, repeatable)
            if steps:
                tests.append(steps)
    told = [one for number, one in enumerate(tests) if not any(set(one) <= set(more) for more in tests[number + 1 :])]
    functions = [text for text in _functions(told, caller) if not repeatable.is_secret(text)]
    names = {local: name for local, name in caller.names.items() if name in repeatable.asked | repeatable.defined}
    return CallerChecks(tuple(examples), _test_file(functions, replace(caller, names=names), module))


def _scopes(tree: ast.Module, line: int) -> Iterator[_Scope]:
    body = tuple(_flattened(tree.body))
    yield _Scope((), body)
    for node in body:
        if isinstance(node, ast.FunctionDef) and not _parameters(node):
            inside = node.lineno <= line <= (node.end_lineno or node.lineno)
            if inside or node.name.startswith("test"):
                others = tuple(each for each in body if each is not node and not isinstance(each, ast.Assert))
                yield _Scope(others, tuple(node.body))


def _flattened(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those behind `if __name__ == "__main__":` among them."""
    for statement in body:
        match statement:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                yield from statement.body
            case _:
                yield statement


def _parameters(node: ast.FunctionDef) -> bool:
    arguments = node.args
    return bool(arguments.args or arguments.posonlyargs or arguments.kwonlyargs or node.decorator_list)


def _asserts(statement: ast.stmt) -> bool:
    """Whether a statement itself asserts something: definitions only say how one might."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return any(
        isinstance(each, ast.Assert) or _raises_assertion(each) or _expects(each) for each in ast.walk(statement)
    )


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


def _as_examples(statement: ast.stmt, caller: Caller) -> list[str] | None:
    """The statement as examples alone, `None` where it is more than these."""
    match statement:
        case ast.Assert(test=ast.BoolOp(op=ast.And(), values=values)):
            texts = [_example(value, caller) for value in values]
        case ast.Assert(test=test):
            texts = [_example(test, caller)]
        case ast.Try(body=[ast.Expr(value=ast.Call() as call)], handlers=[handler], finalbody=[]) if _passes(handler):
            raised = any(_raises_assertion(each) for each in statement.orelse)
            texts = [_raising(handler.type, call, caller) if raised else None]
        case ast.With(items=[item], body=[ast.Expr(value=ast.Call() as call)]) if _expects(statement):
            expected = item.context_expr
            plain = isinstance(expected, ast.Call) and len(expected.args) == 1 and not expected.keywords
            texts = [_raising(expected.args[0], call, caller) if plain and isinstance(expected, ast.Call) else None]
        case _:
            return None
    return [text for text in texts if text] if all(texts) else None


def _passes(handler: ast.ExceptHandler) -> bool:
    return not handler.name and len(handler.body) == 1 and isinstance(handler.body[0], ast.Pass)


def _raising(error: ast.expr | None, call: ast.expr, caller: Caller) -> str | None:
    name = caller.original(error) if error is not None else None
    if isinstance(error, ast.Name):
        name = name or error.id
    return _parsed(f"raises({name}, {_in_module(call, caller)})", caller) if name else None


def _example(node: ast.expr, caller: Caller) -> str | None:
    return _parsed(_in_module(node, caller), caller)


def _parsed(text: str, caller: Caller) -> str | None:
    """The text of an example that calls the module's names on literals, and needs nothing else."""
    try:
        example = parse_example(text)
        names = {each.id for each in ast.walk(ast.parse(example.call)) if isinstance(each, ast.Name)}
    except (ExampleError, SyntaxError, ValueError, RecursionError):
        return None
    needed = names - _BUILTINS
    return example.text if needed and not names & _OUTSIDE and needed <= caller.mentioned(caller.tree) else None


def _in_module(node: ast.expr, caller: Caller) -> str:
    """The expression as it reads inside the module: by its own names."""
    return ast.unparse(_Renamed(caller).visit(copy.deepcopy(node)))


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


def _steps(
    statement: ast.stmt,
    before: Sequence[ast.stmt],
    caller: Caller,
    module: str,
    repeatable: Repeatable,
) -> tuple[ast.stmt, ...]:
    """The statement behind all that it needs; nothing where it says nothing of the module or cannot be repeated."""
    given = _BUILTINS | _own_names(caller, module)
    needed = [each for each in needed_statements(before, statement, given) if not _imports_only(each, caller, module)]
    steps = (*needed, statement)
    mentioned = {name for step in steps for name in caller.mentioned(step)}
    if not mentioned & repeatable.asked or mentioned - repeatable.asked - repeatable.defined:
        return ()
    if any(_reaches_outside(step) for step in steps) or not all(map(_known(caller, repeatable), steps)):
        return ()
    return steps


def _functions(tests: Sequence[tuple[ast.stmt, ...]], caller: Caller) -> list[str]:
    """A test function for each of them, by the line of its last statement."""
    found = []
    for steps in tests[:MAX_TESTS]:
        lines = ["\n".join(_indented(step, caller)) for step in steps]
        text = f"def test_line_{steps[-1].lineno}():\n" + "\n".join(lines)
        found += [text] if len(text) <= MAX_TEST_CHARACTERS and _compiles(text) else []
    return found


def _compiles(text: str) -> bool:
    """Whether it is a function at all: what a function may not hold (a star import, a `global` of its own) is left out."""
    try:
        compile(text, "<test>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _own_names(caller: Caller, module: str) -> set[str]:
    return set(caller.names) | {dotted.split(".")[0] for dotted in caller.modules}


def _imports_only(statement: ast.stmt, caller: Caller, module: str) -> bool:
    """Whether it is an import of the module's own names, which the test file has at its top, or of the future."""
    if isinstance(statement, ast.ImportFrom):
        return resolved_module(statement, caller.package) in (module, "__future__")
    return isinstance(statement, ast.Import) and all(alias.name == module for alias in statement.names)


def _reaches_outside(statement: ast.stmt) -> bool:
    if any(isinstance(each, ast.Await | ast.Return | ast.Yield | ast.YieldFrom) for each in _shallow(statement)):
        return True
    called = (ast.unparse(each.func) for each in ast.walk(statement) if isinstance(each, ast.Call))
    return any(name.rpartition(".")[2] in _OUTSIDE for name in called if name not in ("asyncio.run", "re.compile"))


def _shallow(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement but for those inside of functions."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def _known(caller: Caller, repeatable: Repeatable) -> Callable[[ast.stmt], bool]:
    def known(statement: ast.stmt) -> bool:
        if isinstance(statement, ast.ImportFrom):
            return repeatable.module_exists(resolved_module(statement, caller.package))
        if isinstance(statement, ast.Import):
            return all(repeatable.module_exists(alias.name) for alias in statement.names)
        return True

    return known


def _indented(statement: ast.stmt, caller: Caller) -> list[str]:
    node = _Local(caller.package).visit(copy.deepcopy(statement))
    return ["    " + line for line in ast.unparse(node).splitlines()] if not _multiline(node) else _kept(node)


def _multiline(node: ast.stmt) -> bool:
    """Whether a text of the statement spans lines: indenting it would change it."""
    return any(
        isinstance(each, ast.Constant) and isinstance(each.value, str) and "\n" in each.value for each in ast.walk(node)
    )


def _kept(node: ast.stmt) -> list[str]:
    """The statement inside `if True:`, as `ast.unparse` indents it: texts over several lines stay as they are."""
    wrapped = ast.Module(body=[ast.If(test=ast.Constant(True), body=[node], orelse=[])], type_ignores=[])
    return ast.unparse(ast.fix_missing_locations(wrapped)).split("\n")[1:]


class _Local(ast.NodeTransformer):
    """Makes of a module's statement one of a function's: its globals are that function's variables, its imports full."""

    def __init__(self, package: str) -> None:
        self._package = package

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        return ast.Nonlocal(node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        return ast.ImportFrom(resolved_module(node, self._package), node.names, 0) if node.level else node


def _test_file(tests: Sequence[str], caller: Caller, module: str) -> str:
    if not tests:
        return ""
    body = "\n\n\n".join(tests)
    names = [
        f"{original} as {local}" if original != local else local for local, original in sorted(caller.names.items())
    ]
    heads = [f"from {module} import {', '.join(names)}"] if names else []
    heads += _module_imports(caller, module)
    if re.search(r"\bpytest\.", body):
        heads.insert(0, "import pytest\n")
    return "\n".join(heads) + f"\n\n\n{body}\n"


def _module_imports(caller: Caller, module: str) -> list[str]:
    """The imports that make the expressions for the module itself mean it."""
    lines = []
    for dotted in sorted(caller.modules):
        if "." not in dotted:
            parent, _, last = module.rpartition(".")
            same = f"from {parent} import {last}" if parent else f"import {last}"
            lines.append(same if dotted == last else f"import {module} as {dotted}")
        elif dotted == module:
            lines.append(f"import {module}")
        else:
            head, count = dotted.split(".")[0], dotted.count(".")
            lines += [f"import {module}", f"import {module.rsplit('.', count)[0]} as {head}"]
    return list(dict.fromkeys(lines))
