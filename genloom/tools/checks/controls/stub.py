"""Stubs: a draft whose public functions only raise, and the tests that must fail with it. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from genloom.tools.checks.controls.assertions import TestFunction
from genloom.tools.checks.subject import parse_source
from genloom.tools.sandbox.repository.import_roots import module_address

__all__ = ["calls_of", "is_code", "stub_files"]

_SWALLOWING = frozenset({"BaseException", "monkeypatch", "mocker", "patch", "skip", "importorskip"})
_STUB = ast.parse('raise BaseException("a stub stands in for the code")').body
_DECIDED_LATER = (ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.TryStar, ast.Match, ast.Lambda, ast.comprehension)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def stub_files(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files with the body of every public function, and of every method of a public class, replaced.

    What stands in for it raises a `BaseException`, which `pytest.raises(Exception)` does not take for the code's own.
    Test files and a conftest.py stay as they are, and so does what does not parse.
    """
    return {path: _stubbed(text) if is_code(path) else text for path, text in files.items()}


def calls_of(test: TestFunction, tree: ast.Module, files: Mapping[str, str], roots: tuple[str, ...] = ("",)) -> bool:
    """Whether a test, when it ends well, has surely called one of the functions that a stub replaces.

    Only calls by a name imported from the files count, in code that no condition guards. `roots` are the folders that
    the files are imported from.
    """
    if test.node.decorator_list and not all(_is_mark(each) for each in test.node.decorator_list):
        return False
    names = {node.id for node in ast.walk(test.node) if isinstance(node, ast.Name)}
    arguments = {argument.arg for argument in ast.walk(test.node.args) if isinstance(argument, ast.arg)}
    attributes = {node.attr for node in ast.walk(test.node) if isinstance(node, ast.Attribute)}
    if (names | arguments | attributes) & _SWALLOWING:
        return False
    own = arguments | {n.id for n in ast.walk(test.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    callable_names = _callable_names(tree, files, roots)
    return any(name in callable_names and name.split(".")[0] not in own for name in _called(test.node))


def is_code(path: str) -> bool:
    """Whether a path names Python code that is neither a test file nor a conftest.py."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and not name.startswith("test_") and name != "conftest.py"


def _stubbed(text: str) -> str:
    tree = parse_source(text)
    if not isinstance(tree, ast.Module):
        return text
    for function in _public_functions(tree.body):
        function.body = _STUB
    return ast.unparse(tree)


def _public_functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef))


def _is_mark(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).startswith(("pytest.", "mark."))


def _callable_names(tree: ast.Module, files: Mapping[str, str], roots: tuple[str, ...]) -> set[str]:
    """The names, dotted where need be, by which the test file reaches what a stub makes raise."""
    modules = {module_address(path, roots) or "": _raising(text) for path, text in files.items() if is_code(path)}
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found |= {f"{alias.asname or alias.name}.{name}" for name in modules.get(alias.name, ())}
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            found |= _taken(node, modules[node.module])
    return found


def _taken(node: ast.ImportFrom, names: set[str]) -> set[str]:
    if any(alias.name == "*" for alias in node.names):
        return names
    return {alias.asname or alias.name for alias in node.names if alias.name in names}


def _raising(text: str) -> set[str]:
    """The public functions of a module, and its classes that are made by an `__init__` of their own."""
    tree = parse_source(text)
    if not isinstance(tree, ast.Module):
        return set()
    plain = (n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.decorator_list)
    public = (node for node in plain if not node.name.startswith("_"))
    return {node.name for node in public if isinstance(node, ast.FunctionDef) or _is_made(node)}


def _is_made(node: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.FunctionDef) and each.name == "__init__" for each in node.body)


def _called(node: ast.AST) -> Iterator[str]:
    """What is called without a condition."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*_DECIDED_LATER, *_SCOPES, ast.For, ast.While)):
            continue
        if isinstance(child, ast.Call):
            yield ast.unparse(child.func)
        yield from _called(child)
