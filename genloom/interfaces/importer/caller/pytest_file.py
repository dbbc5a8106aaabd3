"""A caller's statements as a pytest file: a function for each check, below the imports of what is checked. Pure."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from genloom.interfaces.importer.caller.caller import Caller, resolved_module
from genloom.syntax import UNPARSABLE, copy_tree

__all__ = ["as_function", "as_test_file", "reaching"]

MAX_TEST_CHARACTERS = 100_000
_GIVEN = frozenset({name for name in dir(builtins) if not name.startswith("__")} | {"pytest"})


def as_function(steps: Sequence[ast.stmt], caller: Caller, given: Collection[str]) -> str:
    """Return a test function of the statements, named by the line of the last one; "" where they do not stand alone.

    They do not where they need a name that neither they nor `given` bind (one of an earlier notebook's cell, `__file__`),
    where no function may hold them (a star import), and where the text would be too long.
    """
    lines = ["\n".join(_indented(step, caller)) for step in steps]
    text = f"def test_line_{steps[-1].lineno}():\n" + "\n".join(lines)
    return text if len(text) <= MAX_TEST_CHARACTERS and _stands_alone(text, given) else ""


def reaching(text: str) -> str:
    """Return a test function that is skipped, and so proves nothing, when none of its assertions was reached."""
    tree = _Reaching().visit(ast.parse(text))
    (function,) = tree.body
    function.body = [
        *ast.parse("asserted = []").body,
        *function.body,
        *ast.parse("if not asserted:\n    pytest.skip('no assertion was reached')").body,
    ]
    return ast.unparse(ast.fix_missing_locations(tree))


class _Reaching(ast.NodeTransformer):
    """Notes behind each statement that may fail a test that it was reached."""

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        return [node, *ast.parse("asserted.append(True)").body]

    def _noted(self, node: ast.stmt) -> ast.stmt | list[ast.stmt]:
        asserts = any("AssertionError" in ast.unparse(each) for each in ast.walk(node) if isinstance(each, ast.Raise))
        expects = isinstance(node, ast.With) and any("raises(" in ast.unparse(item) for item in node.items)
        inner = self.generic_visit(node)
        assert isinstance(inner, ast.stmt)
        return [inner, *ast.parse("asserted.append(True)").body] if asserts or expects else inner

    visit_If = visit_Try = visit_With = _noted  # noqa: N815 - the visitor's own names


def _stands_alone(text: str, given: Collection[str]) -> bool:
    try:
        compile(text, "<test>", "exec", dont_inherit=True)
        function = symtable.symtable(text, "<test>", "exec").get_children()[0]
    except UNPARSABLE:
        return False
    return _free_names(function) <= _GIVEN.union(given)


def _free_names(table: symtable.SymbolTable) -> set[str]:
    """The names that a function and those inside of it take from outside."""
    found = {each.get_name() for each in table.get_symbols() if each.is_global() and each.is_referenced()}
    return found.union(*map(_free_names, table.get_children()))


def _indented(statement: ast.stmt, caller: Caller) -> list[str]:
    node = _Local(caller.package).visit(copy_tree(statement))
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


def as_test_file(tests: Sequence[str], caller: Caller, module: str) -> str:
    """Return the text of a pytest file with the functions, "" without any; what they check is imported from `module`."""
    if not tests:
        return ""
    body = "\n\n\n".join(_apart(tests))
    names = [
        f"{original} as {local}" if original != local else local for local, original in sorted(caller.names.items())
    ]
    heads = [f"from {module} import {', '.join(names)}"] if names else []
    heads += _module_imports(caller, module)
    if re.search(r"\bpytest\.", body):
        heads.insert(0, "import pytest\n")
    return "\n".join(heads) + f"\n\n\n{body}\n"


def _apart(tests: Sequence[str]) -> Iterator[str]:
    """The functions, each under a name of its own: of two on one line the later would hide the other."""
    counts: Counter[str] = Counter()
    for text in tests:
        head, bracket, rest = text.partition("(")
        counts[head] += 1
        yield f"{head}_{counts[head]}{bracket}{rest}" if counts[head] > 1 else text


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
