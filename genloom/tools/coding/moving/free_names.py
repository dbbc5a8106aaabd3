"""The names that a definition takes from its module."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator

from genloom.errors import UsageError
from genloom.syntax import UNPARSABLE, parse_expression, parse_module

__all__ = ["annotated_names", "free_names", "names_at_run_time"]

OF_THE_MODULE = frozenset(
    ["__file__", "__name__", "__package__", "__spec__", "__path__", "__loader__", "globals", "eval", "exec", "vars"]
)
"""What means something else in another module."""


def free_names(text: str) -> set[str]:
    """Return the names of the module that a definition uses, in its body, defaults, decorators and annotations.

    Raises `UsageError` for one that changes the module's variables, or depends on which module it is in.
    """
    tree = parse_module(text)
    found = set(_of_scopes(symtable.symtable(text, "<moved>", "exec"), outermost=True))
    found |= annotated_names(tree)
    if any(isinstance(node, ast.Global) for node in ast.walk(tree)):
        raise UsageError("It changes variables of its module.", hint="Move it by hand, with its state.")
    own = sorted(found & OF_THE_MODULE)
    if own:
        raise UsageError(f"It uses {own[0]}, which depends on the module that it is in.", hint="Move it by hand.")
    return found


def names_at_run_time(text: str) -> set[str]:
    """Return the names of the module that a definition uses elsewhere than in annotations."""
    bare = _WithoutAnnotations().visit(parse_module(text))
    return set(_of_scopes(symtable.symtable(ast.unparse(bare), "<moved>", "exec"), outermost=True))


class _WithoutAnnotations(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(value=None)
        return self.generic_visit(node)


def _of_scopes(table: symtable.SymbolTable, *, outermost: bool = False) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (outermost or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _of_scopes(inner)


def annotated_names(tree: ast.AST) -> set[str]:
    """Return the names in annotations, also in those that are strings."""
    found: set[str] = set()
    for node in ast.walk(tree):
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(annotation, ast.AST):
                found |= set(_in_annotation(annotation))
    return found


def _in_annotation(annotation: ast.AST) -> Iterator[str]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = parse_expression(node.value)
            except UNPARSABLE:
                continue
            yield from (each.id for each in ast.walk(inner) if isinstance(each, ast.Name))
