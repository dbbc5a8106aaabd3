"""The problem: what one search is to find, read from the JSON that the parent sends."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any  # Any: raw JSON, and values of every kind

from genloom.tools.synthesis.engine.kinds import join_all, join_kinds, kind_of
from genloom.tools.synthesis.engine.prompt_kinds import told_kind, with_told

__all__ = ["Case", "ComponentSpec", "Problem", "annotation_kind", "read_literal", "read_problem"]


@dataclass(frozen=True)
class Case:
    """One example: the arguments, and the expected value or the name of the expected error."""

    arguments: tuple[Any, ...]
    expected: Any = None
    error: str = ""


@dataclass(frozen=True)
class ComponentSpec:
    """A function of the repository: where it is imported from, and what it takes and gives."""

    module: str
    name: str
    takes: tuple[str, ...]
    gives: str
    doc: str
    folder: str


@dataclass(frozen=True)
class Problem:
    """What is asked. `kinds` are those of the parameters, `gives` that of the result; `fit` may be looked at by the search,
    `held` only by the judge of its answer."""

    mode: str
    name: str
    prompt: str
    parameters: tuple[str, ...]
    kinds: tuple[str, ...]
    gives: str
    fit: tuple[Case, ...]
    held: tuple[Case, ...]
    components: tuple[ComponentSpec, ...]
    candidates: int
    seconds: float
    cores: int = 1
    without: frozenset[str] = frozenset()

    def uses(self, technique: str) -> bool:
        """Whether a technique is not left out: `forms`, `guidance`, `decomposition`, `penalty`, `conditionals`, `fits`,
        `folds`, `loops`, `recursion` or `probes`."""
        return technique not in self.without

    @property
    def plain(self) -> tuple[Case, ...]:
        """The examples to fit whose results say what the function makes of its arguments."""
        good = tuple(case for case in self.fit if not case.error)
        return tuple(case for case in good if case.expected is not None) or good

    @property
    def guarded(self) -> tuple[Case, ...]:
        """The other examples to fit: those that raise, and those that give `None` where others give something."""
        plain = self.plain
        return tuple(case for case in self.fit if case.error or (case.expected is None and case not in plain))

    def refitted(self) -> Problem:
        """The problem with nothing held back."""
        return Problem(**{**self.__dict__, "fit": self.fit + self.held, "held": ()})


def read_literal(source: str) -> Any:
    """The value of a Python literal; `inf`, `nan`, `set()` and `frozenset({…})` count as literals too."""
    return _value(ast.parse(source.strip(), mode="eval").body)


def _value(node: ast.expr) -> Any:
    match node:
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Set(elts=items):
            return {_value(item) for item in items}
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _called(name, [_value(argument) for argument in arguments])
    return _scalar(node)


def _called(name: str, arguments: list[Any]) -> Any:
    makers: dict[str, Any] = {"set": set, "frozenset": frozenset, "float": float}
    return makers[name](*arguments)


def _scalar(node: ast.expr) -> Any:
    match node:
        case ast.Name(id="inf" | "nan" as name):
            return float(name)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Name(id="inf")):
            return float("-inf")
    return ast.literal_eval(node)


_NAMES = {
    "int": "int", "float": "float", "str": "str", "bool": "bool", "bytes": "bytes", "None": "none", "date": "date",
    "Any": "?", "object": "?", "list": "list", "List": "list", "Sequence": "list", "Iterable": "list",
    "Collection": "list", "set": "set", "Set": "set", "frozenset": "set", "AbstractSet": "set", "dict": "dict",
    "Dict": "dict", "Mapping": "dict", "tuple": "tuple", "Tuple": "tuple",
}  # fmt: skip
_ARITY = {"list": 1, "set": 1, "dict": 2}


def annotation_kind(text: str) -> str:
    """The kind that an annotation names; empty when it says nothing that the engine knows."""
    try:
        return _annotated(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError):
        return ""


def _annotated(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=None):
            return "none"
        case ast.Constant(value=str() as text):
            return annotation_kind(text)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            head = _NAMES.get(name, "")
            return f"{head}[{','.join('?' * _ARITY[head])}]" if head in _ARITY else "" if head == "tuple" else head
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            return _annotated(inner)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return join_kinds(_annotated(left) or "any", _annotated(right) or "any")
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            return _subscripted(_NAMES.get(name, ""), inner)
    return ""


def _subscripted(head: str, inner: ast.expr) -> str:
    items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if head == "tuple" and len(items) == 2 and isinstance(items[1], ast.Constant) and items[1].value is ...:
        return f"list[{_annotated(items[0]) or '?'}]"
    if not head or (head in _ARITY and len(items) != _ARITY[head]):
        return ""
    return f"{head}[{','.join(_annotated(item) or '?' for item in items)}]"


def read_problem(data: Mapping[str, Any]) -> Problem:
    """Read the parent's JSON."""
    fit, held = _cases(data["fit"]), _cases(data["held"])
    parameters = tuple(data["parameters"])
    # kinds are those of all examples: what is held back is its values
    good = [case for case in fit + held if not case.error] or list(fit)
    told = told_kind(data["prompt"])
    kinds = tuple(
        _kind(annotation, told, [case.arguments[place] for case in good])
        for place, annotation in enumerate(data["annotations"])
    )
    gives = _kind(data["returns"], told, [case.expected for case in fit + held if not case.error])
    components = tuple(
        ComponentSpec(c["module"], c["name"], tuple(c["takes"]), c["gives"], c["doc"], c["folder"])
        for c in data["components"]
    )
    return Problem(
        data["mode"], data["name"], data["prompt"], parameters, kinds, gives, fit, held, components,
        int(data["candidates"]), float(data["seconds"]), int(data.get("cores", 1)), frozenset(data.get("without", ())),
    )  # fmt: skip


def _cases(raw: Sequence[Mapping[str, Any]]) -> tuple[Case, ...]:
    return tuple(
        Case(
            tuple(map(read_literal, c["arguments"])),
            read_literal(c["expected"]) if not c["error"] else None,
            c["error"],
        )
        for c in raw
    )


def _kind(annotation: str, told: str, values: Sequence[Any]) -> str:
    """The kind of one parameter or of the result: from the examples and the annotation, then from the prompt."""
    seen = join_all(map(kind_of, values))
    named = annotation_kind(annotation) if annotation else ""
    joined = join_kinds(named, seen) if named else seen
    return with_told(joined if joined != "any" else seen, told)
