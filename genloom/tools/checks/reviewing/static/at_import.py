"""What a module does when it is imported, beyond defining: calls whose effect is not theirs alone. Pure.

Code that is called at import counts as well: a module's own functions and classes, as far as calls and arguments name them.
Calls that only make values are left alone: those of modules without effects, of builtins that make values, of methods that
do not read, write or start anything. What a package outside of the standard library does is its own affair.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Collection, Iterator
from typing import Any

from genloom.tools.checks.reviewing.static.names import ImportedNames

__all__ = ["RULE", "acts_at_import"]

RULE = "acts_at_import"

_PURE_MODULES = frozenset(
    "__future__ abc array ast base64 binascii bisect calendar collections contextlib contextvars codecs copy dataclasses "
    "datetime decimal difflib enum fractions functools graphlib hashlib heapq html inspect io ipaddress itertools json "
    "keyword logging math numbers operator pathlib pprint queue random re statistics string struct "
    "textwrap threading time types typing typing_extensions unicodedata uuid warnings weakref zlib zoneinfo".split()
)
_ACTING_FUNCTIONS = frozenset(
    "basicConfig disable captureWarnings cwd home sleep simplefilter filterwarnings warn start_new_thread seed settrace "
    "setprofile stack currentframe".split()
)
_VALUE_BUILTINS = frozenset(
    "abs all any dir vars bool bytes callable chr classmethod complex dict divmod enumerate filter float format frozenset "
    "getattr hasattr hash hex int isinstance issubclass iter len list map max min next object oct ord pow property "
    "range repr reversed round set slice sorted staticmethod str sum super tuple type zip".split()
) | {name for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning"))}
_ACTING_METHODS = frozenset(
    "read_text read_bytes write_text write_bytes open unlink mkdir rmdir touch symlink_to hardlink_to chmod rename connect "
    "bind listen send sendall recv system popen run start submit write writelines read readline readlines communicate "
    "kill terminate exit".split()
)
_HARMLESS_DUNDERS = frozenset(
    "__init__ __new__ __enter__ __exit__ __init_subclass__ __set_name__ __call__ "
    "__name__ __doc__ __annotations__ __class_getitem__ __len__ __members__".split()
)
_SUBCLASSED = ("__init_subclass__", "__set_name__")
_MAKING = ("__init__", "__new__", "_generate_next_value_", "_missing_", "__set_name__", "__init_subclass__")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def acts_at_import(tree: ast.Module, capability_lines: Collection[int]) -> Iterator[tuple[int, str]]:
    """Yield (line, what happens) for whatever a module does at import. `capability_lines` are lines that reach outside of
    the program: at import they do so at once."""
    walk = _Walk(tree)
    walk.through(tree.body)
    found = dict(walk.acts)
    for line in sorted(walk.lines & set(capability_lines)):
        found.setdefault(line, "reaches outside of the program")
    yield from sorted(found.items())


class _Walk(ast.NodeVisitor):
    def __init__(self, tree: ast.Module) -> None:
        kinds = (ast.Import, ast.ImportFrom, ast.Assign, ast.NamedExpr)
        self._names = ImportedNames([node for node in ast.walk(tree) if isinstance(node, kinds)])
        self._own = {node.name: node for node in tree.body if isinstance(node, (*_FUNCTIONS, ast.ClassDef))}
        self._methods: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        for method in (each for node in tree.body for each in _methods(node)):
            self._methods.setdefault(method.name, []).append(method)
        self._waiting: list[ast.AST] = []
        self._entered: set[str] = set()
        self.acts: dict[int, str] = {}
        self.lines: set[int] = set()

    def through(self, body: list[ast.stmt]) -> None:
        """Walk through statements, and through what they call, in turn."""
        self._waiting += body
        while self._waiting:
            self.visit(self._waiting.pop())

    def visit(self, node: ast.AST) -> Any:  # Any: the visitor's own
        if isinstance(node, ast.expr):
            self.lines.add(node.lineno)
        return super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self._called(decorator, node)
        for part in (*node.decorator_list, node.args, *([node.returns] if node.returns else [])):
            self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the visitor's own name

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self._called(decorator, node)
        for base in node.bases:
            self._subclassed(base)
        for keyword in node.keywords:  # a metaclass makes the class
            self._enter(keyword.value)
        if any(self._is_enumeration(base) for base in node.bases):  # its members are made with it
            self._waiting += [statement for method in _methods(node) for statement in _body_if(method, _MAKING)]
        for part in (*node.decorator_list, *node.bases, *node.keywords, *node.body):
            self.visit(part)

    def visit_If(self, node: ast.If) -> None:
        body = [] if _is_main(node.test) else node.body
        for part in (node.test, *body, *node.orelse):
            self.visit(part)

    def visit_Call(self, node: ast.Call) -> None:
        self._called(node.func, node)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self._enter(argument)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        for method in self._methods.pop(node.attr, ()):
            self._waiting += method.body
        self.generic_visit(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        """A pattern reads attributes, of whatever names the class says."""
        for methods in self._methods.values():
            self._waiting += [s for method in methods if method.decorator_list for s in method.body]
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        if None in node.keys:  # `**mapping` asks for its keys
            self._waiting += [statement for method in self._methods.pop("keys", ()) for statement in method.body]
        self.generic_visit(node)

    def _is_enumeration(self, base: ast.expr) -> bool:
        path = self._names.path(base) or ""
        return path.startswith("enum.")

    def _subclassed(self, base: ast.expr) -> None:
        """A base class of the module's own may act on its subclasses."""
        own = self._own.get(base.id) if isinstance(base, ast.Name) else None
        for method in _methods(own):
            self._waiting += _body_if(method, _SUBCLASSED)

    def _called(self, function: ast.expr, where: ast.AST) -> None:
        for part in ast.walk(function) if not isinstance(function, ast.Name | ast.Attribute) else ():
            if isinstance(part, ast.Name):  # `(f := go)()`, `table["go"]()`
                self._enter(part)
        name = self._acting(function)
        if name:
            line = getattr(where, "lineno", 0)
            self.acts.setdefault(line, f"calls `{name}`")
        self._enter(function)

    def _acting(self, function: ast.expr) -> str:
        """The name of what is called, where it does more than make a value; else nothing."""
        path = self._names.path(function)
        if path:
            top, last = path.split(".")[0], path.rpartition(".")[2]
            if path.startswith(("os.path.", "os.linesep.", "os.sep.", "sys.version", "sys.platform.")):
                return ""
            acts = top in sys.stdlib_module_names and (top not in _PURE_MODULES or last in _ACTING_FUNCTIONS)
            return path if acts or (last in _ACTING_METHODS and "." in path and top in sys.stdlib_module_names) else ""
        if isinstance(function, ast.Name):
            acts = hasattr(builtins, function.id) and function.id not in {*_VALUE_BUILTINS, *self._own}
            return function.id if acts else ""
        if isinstance(function, ast.Attribute):
            dunder = function.attr.startswith("__") and function.attr not in _HARMLESS_DUNDERS
            return function.attr if dunder or function.attr in _ACTING_METHODS else ""
        return ""

    def _enter(self, node: ast.expr) -> None:
        """Walk through the body of a function or class of the module's own that is called, or handed on to be."""
        name = node.id if isinstance(node, ast.Name) else ""
        own = self._own.get(name)
        if own is None or name in self._entered:
            return
        self._entered.add(name)
        special = [method for method in _methods(own) if method.name.startswith("__")]
        functions = [own] if isinstance(own, _FUNCTIONS) else special
        self._waiting += [statement for function in functions for statement in function.body]


def _methods(node: ast.AST | None) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [each for each in node.body if isinstance(each, _FUNCTIONS)] if isinstance(node, ast.ClassDef) else []


def _body_if(method: ast.FunctionDef | ast.AsyncFunctionDef, names: Collection[str]) -> list[ast.stmt]:
    return method.body if method.name in names else []


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
