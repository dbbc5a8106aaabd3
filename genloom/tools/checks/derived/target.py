"""The target of derived checks: one function, with what its source and its examples say of its inputs. Pure.

Nothing of the code under check is imported: all is read from the syntax tree and from the examples' literals.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genloom.state import Example
from genloom.state.example import literal
from genloom.syntax import parse_expression
from genloom.tools.checks.subject import Subject

__all__ = ["Parameter", "Target", "Unfit", "find_target"]

_ERROR_NAME = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Interrupt|StopIteration)\b")
_CHANCE = frozenset({"random", "secrets", "uuid", "time", "datetime", "os", "tempfile", "threading", "numpy"})
_IN_PLACE = re.compile(r"\bin[ -]?place\b|\bmutat|\bmodif(?:y|ies) (?:the|its) (?:argument|list|input)", re.IGNORECASE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Unfit:
    """Why no further checks can be made."""

    why: str


@dataclass(frozen=True)
class Parameter:
    """One parameter that the drawn calls give. `by_name` says that it is given by keyword."""

    name: str
    by_name: bool
    annotation: ast.expr | None


@dataclass(frozen=True)
class Target:
    """A function whose inputs are drawn.

    `samples` are the examples' arguments, one value for each parameter; `contracts` are the exceptions that the examples
    or a docstring speak of; `deliberate` are the lines of the draft that hold a `raise` or an `assert`; `changing` says why
    its arguments may change, `chance` why it may answer differently ("" for neither).
    """

    name: str
    parameters: tuple[Parameter, ...]
    samples: tuple[tuple[Any, ...], ...]
    contracts: frozenset[str]
    deliberate: frozenset[int]
    changing: str
    chance: str


def find_target(subject: Subject, examples: Sequence[Example]) -> Target | Unfit:
    """Return the function that the examples call most, else the one that was asked for, else the file's only public one.

    Only examples that a generator may know of are to be given: what is drawn tells of them.
    """
    tree = _module_tree(subject)
    if tree is None:
        return Unfit("its module could not be told from its other files")
    name = _target_name(subject, tree, examples)
    defined = [node for node in tree.body if isinstance(node, Function | ast.ClassDef) and node.name == name]
    if not defined:
        return Unfit(
            f"`{name}` is not defined by a `def` at the module's top" if name else "no example names a function"
        )
    node = defined[-1]
    unfit = _unfit(node)
    if unfit or not isinstance(node, ast.FunctionDef):
        return Unfit(unfit)
    return _target(node, subject, tree, examples)


def _module_tree(subject: Subject) -> ast.Module | None:
    if len(subject.trees) == 1:
        return subject.trees[0]
    named = [path for path in subject.files if path.endswith(".py")]
    module = subject.module.replace(".", "/")
    places = [at for at, path in enumerate(named) if path in (f"{module}.py", f"{module}/__init__.py")]
    return subject.trees[places[0]] if len(places) == 1 and len(named) == len(subject.trees) else None


def _target_name(subject: Subject, tree: ast.Module, examples: Sequence[Example]) -> str:
    called = Counter(example.function for example in examples)
    if called:
        return subject.asked if subject.asked in called else called.most_common(1)[0][0]
    public = [node.name for node in tree.body if isinstance(node, Function) and not node.name.startswith("_")]
    return subject.asked or (public[0] if len(public) == 1 else "")


def _unfit(node: Function | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"`{node.name}` is a class"
    if isinstance(node, ast.AsyncFunctionDef):
        return f"`{node.name}` is asynchronous"
    if any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in _own_nodes(node)):
        return f"`{node.name}` is a generator"
    if node.decorator_list:
        return f"`{node.name}` is decorated, so that its parameters may be others"
    return ""


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def _target(node: ast.FunctionDef, subject: Subject, tree: ast.Module, examples: Sequence[Example]) -> Target | Unfit:
    bound = [arguments for e in examples if not e.error and (arguments := _arguments(e, node)) is not None]
    plain = [example for example in examples if not example.error and example.function == node.name]
    if plain and not bound:
        return Unfit("the examples' arguments are not plain literals")
    shape = Counter(tuple(sorted(each)) for each in bound).most_common(1)
    given = set(shape[0][0]) if shape else _needed(node)
    parameters = tuple(each for each in _parameters(node) if each.name in given)
    if not parameters:
        return Unfit(f"`{node.name}` takes no arguments")
    same = [each for each in bound if set(each) == given]
    if not same and any(each.annotation is None for each in parameters):
        return Unfit(f"`{node.name}` has neither examples nor type hints for all of its parameters")
    texts = [ast.get_docstring(node) or "", ast.get_docstring(tree) or ""]
    return Target(
        name=node.name,
        parameters=parameters,
        samples=tuple(tuple(each[parameter.name] for parameter in parameters) for each in same),
        contracts=frozenset({e.error for e in examples if e.error}.union(*map(_ERROR_NAME.findall, texts))),
        deliberate=_deliberate_lines(subject),
        changing=_changing(node, plain, texts),
        chance=_chance(tree),
    )


def _parameters(node: ast.FunctionDef) -> Iterator[Parameter]:
    by_place = [*node.args.posonlyargs, *node.args.args]
    for each in by_place:
        yield Parameter(each.arg, False, each.annotation)
    for each in node.args.kwonlyargs:
        yield Parameter(each.arg, True, each.annotation)


def _needed(node: ast.FunctionDef) -> set[str]:
    """The parameters without a default."""
    by_place = [*node.args.posonlyargs, *node.args.args]
    named = [a for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is None]
    return {each.arg for each in [*by_place[: len(by_place) - len(node.args.defaults)], *named]}


def _arguments(example: Example, node: ast.FunctionDef) -> Mapping[str, Any] | None:
    """The argument of each parameter in an example that calls the function once, with literals."""
    calls = [
        call
        for call in ast.walk(parse_expression(example.call))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == node.name
    ]
    if len(calls) != 1:
        return None
    places = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    known = {*places, *(each.arg for each in node.args.kwonlyargs)}
    given = [*zip(places, calls[0].args, strict=False), *((each.arg, each.value) for each in calls[0].keywords)]
    if len(calls[0].args) > len(places) or any(name not in known for name, _ in given):
        return None
    try:
        return {str(name): literal(ast.unparse(value)) for name, value in given}
    except (ValueError, RecursionError):
        return None


def _deliberate_lines(subject: Subject) -> frozenset[int]:
    nodes = [node for tree in subject.trees for node in ast.walk(tree) if isinstance(node, ast.Raise | ast.Assert)]
    return frozenset(line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _changing(node: ast.FunctionDef, examples: Sequence[Example], texts: Sequence[str]) -> str:
    returns = [inner for inner in _own_nodes(node) if isinstance(inner, ast.Return) and inner.value is not None]
    if not returns or (examples and all(example.expected == "None" for example in examples)):
        return "it returns nothing, so that changing its arguments may be its purpose"
    return "its documentation speaks of a change in place" if any(map(_IN_PLACE.search, texts)) else ""


def _chance(tree: ast.Module) -> str:
    """Why results may rightly differ from call to call: the module imports a source of chance, of time or of state."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found = {name.split(".")[0] for name in names} & _CHANCE
        if found:
            return f"it imports `{min(found)}`, by which results may rightly differ"
    return ""
