"""Rendering: from an expression to the Python that a person would have written."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from genloom.tools.synthesis.engine.expression import Expression

__all__ = ["code_of", "imports_of", "tidied"]

LOOP_HEADS = ("fold", "scan", "peak", "low(", "orbit", "track", "settle")
"""What the engine's own notation for loops starts with."""
_ITERATING = frozenset(
    {"sum", "any", "all", "min", "max", "set", "tuple", "sorted", "list", "dict", "enumerate", "zip"}
)

_NUMERIC = frozenset({"len", "sum", "int", "float", "abs", "round"})
"""Functions whose result is a number, whatever they are given."""


def code_of(expression: Expression, names: Mapping[str, str] | None = None) -> str:
    """The expression's code, tidied."""
    return tidied(_raw(expression, names or {}))


def _raw(expression: Expression, names: Mapping[str, str]) -> str:
    code = expression.op.code
    if not expression.args:
        literal = code.replace("{{", "{").replace("}}", "}")
        return names.get(literal, literal)
    if expression.binder:
        return _bound(expression, names)
    return f"({code.format(*(_raw(arg, names) for arg in expression.args))})"


def _bound(expression: Expression, names: Mapping[str, str]) -> str:
    code, binder = expression.op.code, expression.binder
    source, *inside = expression.args
    bound = ", ".join(binder)
    inner = dict(names)
    if (
        len(binder) > 1
        and not code.startswith(LOOP_HEADS)
        and "accumulate" not in code
        and ("lambda" in code or code.startswith("{{{v}:"))
    ):
        # a lambda takes the pair as one
        bound = "pair"
        inner.update({name: f"pair[{place}]" for place, name in enumerate(binder)})
    fields = {"v": bound, "k": binder[0], "v0": binder[0], "v1": binder[-1]}
    if len(binder) > 1 and code.startswith("[{v} for"):
        code = code.replace("[{v} for", "[({v}) for", 1)
    return f"({code.format(_raw(source, names), *(_raw(part, inner) for part in inside), **fields)})"


def tidied(code: str) -> str:
    """Code without needless brackets, `list(…)` in loops and comprehensions over comprehensions."""
    tree = ast.fix_missing_locations(_Tidying().visit(ast.parse(code, mode="eval")))
    text = ast.unparse(tree)
    bare = _without_doubled(text)
    return bare if bare == text or _same(bare, tree) else text


def _same(code: str, tree: ast.AST) -> bool:
    try:
        return ast.dump(ast.parse(code, mode="eval")) == ast.dump(ast.parse(ast.unparse(tree), mode="eval"))
    except SyntaxError:
        return False


def _without_doubled(text: str) -> str:
    """The text without the second brackets in `sum((… for …))`, which `ast.unparse` writes."""
    found: list[str] = []
    opened: list[int] = []
    doubled: set[int] = set()
    for place, character in enumerate(text):
        found.append(character)
        if character == "(":
            opened.append(place)
        elif character == ")" and opened:
            start = opened.pop()
            if text[start - 1 : start] == "(" and text[place + 1 : place + 2] == ")" and " for " in text[start:place]:
                doubled |= {start, place}
    return "".join(character for place, character in enumerate(found) if place not in doubled)


class _Tidying(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        joins = isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "fromkeys", "Counter")
        iterates = isinstance(node.func, ast.Name) and node.func.id in _ITERATING
        if (joins or iterates) and node.args:
            node.args[0] = _streamed(node.args[0])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _simplified(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        match node.body:
            case ast.Call(func=ast.Name() as func, args=[ast.Name(id=name)], keywords=[]) if (
                len(node.args.args) == 1 and name == node.args.args[0].arg
            ):
                return func
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _unlisted(node.iter)
        match node.iter:
            case ast.ListComp(elt=ast.Name(id=name), generators=[inner]) if (
                isinstance(node.target, ast.Name)
                and isinstance(inner.target, ast.Name)
                and name == inner.target.id == node.target.id
            ):
                return ast.comprehension(inner.target, inner.iter, [*inner.ifs, *node.ifs], 0)
        return node


def _simplified(node: ast.BinOp) -> ast.expr:
    """Arithmetic without what changes nothing, whatever the numbers; texts and lists are not touched."""
    match node:
        case ast.BinOp(left=ast.Constant(value=int() as zero), op=ast.Add(), right=other) if _plainly(zero, 0, other):
            return other
        case ast.BinOp(left=other, op=ast.Add() | ast.Sub(), right=ast.Constant(value=int() as zero)) if _plainly(
            zero, 0, other
        ):
            return other
        case ast.BinOp(left=ast.Constant(value=int() as one), op=ast.Mult(), right=other) if _plainly(one, 1, other):
            return other
        case ast.BinOp(left=other, op=ast.Mult(), right=ast.Constant(value=int() as one)) if _plainly(one, 1, other):
            return other
        case ast.BinOp(left=left, op=ast.Add(), right=ast.UnaryOp(op=ast.USub(), operand=operand)):
            return ast.BinOp(left, ast.Sub(), operand)
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.UnaryOp(op=ast.USub(), operand=operand)):
            return ast.BinOp(left, ast.Add(), operand)
    return node


def _plainly(number: int, wanted: int, other: ast.expr) -> bool:
    """Whether a number is the one that changes nothing, beside what is plainly a number too, and no truth value."""
    if type(number) is not int or number != wanted:
        return False
    match other:
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv() | ast.Mod() | ast.Pow()):
            return True
        case ast.UnaryOp(op=ast.USub()):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _NUMERIC
    return False


def _unlisted(node: ast.expr) -> ast.expr:
    match node:
        case ast.Call(func=ast.Name(id="list"), args=[inner], keywords=[]):
            return inner
    return node


def _streamed(node: ast.expr) -> ast.expr:
    match node:
        case ast.ListComp(elt=elt, generators=generators):
            return ast.GeneratorExp(elt, generators)
    return _unlisted(node)


def imports_of(expression: Expression) -> tuple[str, ...]:
    """The import lines that the code needs, sorted."""
    found = {expression.op.imports} - {""}
    for arg in expression.args:
        found.update(imports_of(arg))
    return tuple(sorted(found))
