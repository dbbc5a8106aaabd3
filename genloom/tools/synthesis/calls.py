"""Calls: the examples as rows of arguments, in the order of the parameters."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType

from genloom.state.example import Example, literal
from genloom.syntax import parse_expression, parse_module
from genloom.tools.synthesis.answer import Abstained
from genloom.tools.synthesis.naming import name_parameters

__all__ = ["Call", "Signature", "read_calls"]

MAX_PARAMETERS = 5
MAX_EXAMPLES = 40
MAX_LITERAL = 4_000
_KEEPING: dict[str, type] = {
    "list": list, "sorted": list, "tuple": tuple, "set": set, "frozenset": frozenset, "dict": dict,
}  # fmt: skip
"""Calls around the asked one that leave a result of this type as it is, as tests write them for what is yielded."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The parameters of the asked function: names, annotations (empty where unknown), the result's annotation."""

    parameters: tuple[str, ...]
    annotations: tuple[str, ...]
    defaults: tuple[str, ...]
    """Literals, aligned with the last parameters."""
    returns: str = ""


@dataclass(frozen=True, kw_only=True)
class Call:
    """An example with its arguments as literals, in order."""

    example: Example
    arguments: tuple[str, ...]


def read_calls(
    name: str, prompt: str, signature: str | None, examples: Sequence[Example]
) -> tuple[Signature, tuple[Call, ...]] | Abstained:
    """Return the signature and the calls; abstain, with the reason, from what a search cannot read."""
    if not examples:
        return Abstained(reason=f"there are no examples: give a few, such as `{name}(…) == …`")
    if len(examples) > MAX_EXAMPLES:
        return Abstained(reason=f"there are {len(examples)} examples; a search takes up to {MAX_EXAMPLES}")
    given = parse_signature(signature, name) if signature else None
    if signature and given is None:
        return Abstained(
            reason=f"`{signature}` is no plain signature of `{name}`: a search takes names and defaults alone"
        )
    nodes = [_plain_call(example, name) for example in examples]
    if any(node is None for node in nodes):
        strange = next(example for example, node in zip(examples, nodes, strict=True) if node is None)
        return Abstained(reason=f"`{strange.text}` is not a plain call of `{name}` with literal arguments")
    calls = [node for node in nodes if node is not None]
    known = given or _guessed(prompt, calls)
    if known is None or not 1 <= len(known.parameters) <= MAX_PARAMETERS:
        return Abstained(
            reason=f"the examples call `{name}` with different arguments, or with none, or with more than {MAX_PARAMETERS}"
        )
    rows = [_in_order(node, known) for node in calls]
    if any(row is None for row in rows):
        return Abstained(reason=f"an example's arguments do not fit `{name}({', '.join(known.parameters)})`")
    found = tuple(Call(example=e, arguments=row) for e, row in zip(examples, rows, strict=True) if row is not None)
    if any(len(text) > MAX_LITERAL for call in found for text in (*call.arguments, call.example.expected)):
        return Abstained(reason=f"an example holds a literal of more than {MAX_LITERAL} characters")
    return known, found


def _plain_call(example: Example, name: str) -> ast.Call | None:
    node = _inner(parse_expression(example.call), example)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != name:
        return None
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    if any(keyword.arg is None for keyword in node.keywords) or not all(map(_is_literal, values)):
        return None
    return node if example.error or _is_literal_text(example.expected) else None


def _inner(node: ast.expr, example: Example) -> ast.expr:
    """The call in `list(f(3))` where the example expects a list: a function that returns one meets it."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Call() as inner], keywords=[]) if name in _KEEPING:
            plain = not example.error and _is_literal_text(example.expected)
            return inner if example.error or (plain and type(literal(example.expected)) is _KEEPING[name]) else node
    return node


def _is_literal(node: ast.expr) -> bool:
    return _is_literal_text(ast.unparse(node))


def _is_literal_text(text: str) -> bool:
    try:
        literal(text)
        return not any(
            isinstance(node, ast.Constant) and isinstance(node.value, complex | EllipsisType)
            for node in ast.walk(parse_expression(text))
        )
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return False


def parse_signature(text: str, name: str) -> Signature | None:
    """Read `name(a: int, b: int = 2) -> int`, with or without `def`; `None` when it is none of that name, or has
    parameters that are given by position or by name alone."""
    head = text.strip().removeprefix("async ").removeprefix("def ").rstrip(":")
    try:
        node = parse_module(f"def {head}: pass").body[0]
    except (SyntaxError, ValueError):
        return None
    if not isinstance(node, ast.FunctionDef) or node.name != name:
        return None
    arguments, defaults = node.args.args, node.args.defaults
    others = (*node.args.posonlyargs, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg)
    if any(others) or not all(map(_is_literal, defaults)):
        return None
    return Signature(
        parameters=tuple(argument.arg for argument in arguments),
        annotations=tuple(ast.unparse(argument.annotation) if argument.annotation else "" for argument in arguments),
        defaults=tuple(map(ast.unparse, defaults)),
        returns=ast.unparse(node.returns) if node.returns else "",
    )


def _guessed(prompt: str, calls: Sequence[ast.Call]) -> Signature | None:
    shapes = {(len(call.args), tuple(sorted(str(keyword.arg) for keyword in call.keywords))) for call in calls}
    if len(shapes) != 1:
        return None
    count, keywords = shapes.pop()
    columns = [[literal(ast.unparse(call.args[place])) for call in calls] for place in range(count)]
    names = name_parameters(prompt, columns, taken=keywords)
    return Signature(parameters=(*names, *keywords), annotations=("",) * (count + len(keywords)), defaults=())


def _in_order(call: ast.Call, signature: Signature) -> tuple[str, ...] | None:
    """The literals of a call in the parameters' order, with defaults filled in; `None` when they do not fit."""
    names = signature.parameters
    if len(call.args) > len(names):
        return None
    filled = dict(zip(names[len(names) - len(signature.defaults) :], signature.defaults, strict=True))
    given = dict(zip(names, map(ast.unparse, call.args), strict=False))
    for keyword in call.keywords:
        if keyword.arg not in names or keyword.arg in given:
            return None
        given[keyword.arg] = ast.unparse(keyword.value)
    filled.update(given)
    return tuple(filled[name] for name in names) if all(name in filled for name in names) else None
