"""Mutation: mutmut's operators on the functions of a module, in this process, as text in and texts out.

A mutant is never executed here: it is untrusted code, for the sandbox only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

import libcst
from mutmut.mutation.mutators import mutation_operators

__all__ = ["mutants_of"]


def mutants_of(source: str, count: int, chance: Random) -> list[str]:
    """Return up to `count` mutants, drawn by `chance`: modules that parse to other trees than `source` and each other."""
    own = ast.dump(ast.parse(source))
    found: dict[str, str] = {}
    for mutant in _all_mutants(source):
        tree = _tree(mutant)
        if tree and tree != own:
            found.setdefault(tree, mutant)
    return chance.sample(list(found.values()), min(count, len(found)))


def _tree(source: str) -> str:
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError):
        return ""


def _all_mutants(source: str) -> Iterator[str]:
    module = libcst.parse_module(source)
    nodes = _Mutable()
    module.visit(nodes)
    for node in nodes.found:
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                for other in operator(node):
                    yield module.deep_replace(node, other).code


class _Mutable(libcst.CSTVisitor):
    """Collects the nodes that decide what a function does: no imports, annotations or docstrings."""

    def __init__(self) -> None:
        self.found: list[libcst.CSTNode] = []

    def on_visit(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.Annotation | libcst.Import | libcst.ImportFrom) or _is_text_alone(node):
            return False
        self.found.append(node)
        return True


def _is_text_alone(node: libcst.CSTNode) -> bool:
    match node:
        case libcst.Expr(value=libcst.SimpleString() | libcst.ConcatenatedString()):
            return True
    return False
