"""The writer: an answer as the statements of a function, and as a function that can be tried."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import FAILED
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.fuel import compiled
from genloom.tools.synthesis.engine.rendering import code_of, imports_of
from genloom.tools.synthesis.engine.statements import statements_of
from genloom.tools.synthesis.engine.views import View

__all__ = ["Guard", "Program", "write"]


@dataclass(frozen=True)
class Guard:
    """A test under which the function raises an error of this name, or gives `None` where the name is empty."""

    test: Expression
    error: str


@dataclass(frozen=True)
class Program:
    """A function in parts: the lines of its body (indented from zero), the imports it needs, its expression."""

    name: str
    parameters: tuple[str, ...]
    body: tuple[str, ...]
    imports: tuple[str, ...]
    expression: str

    def function(self) -> Callable[..., Any]:
        """Compile it; only what this engine wrote itself ever comes here."""
        return _function_of(self)

    def outcome(self, arguments: Sequence[Any]) -> Any:
        """What the function gives: a value, or the exception that it raised, also where its fuel ran out."""
        try:
            return self.function()(*(copy.deepcopy(item) if isinstance(item, _MUTABLE) else item for item in arguments))
        except Exception as error:  # noqa: BLE001 - whatever the program raises is its outcome
            return error


_MUTABLE = (list, dict, set)


@lru_cache(maxsize=256)
def _function_of(program: Program) -> Callable[..., Any]:
    head = "\n".join(program.imports)
    body = "\n".join(f"    {line}" for line in program.body)
    return compiled(f"{head}\ndef {program.name}({', '.join(program.parameters)}):\n{body}\n", program.name)


def write(
    name: str, parameters: Sequence[str], expression: Expression, views: Sequence[View], guards: Sequence[Guard]
) -> Program:
    """Write an expression as statements: guards, views that it needs, branches, the result."""
    code = code_of(expression)
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    lines: list[str] = []
    shown = ", ".join(f"{{{parameter}!r}}" for parameter in parameters)
    needed = [view for view in views if used & set(view.names)]
    for guard in guards:
        test = code_of(guard.test)
        raising = f'raise {guard.error}(f"{name} cannot take {shown}")'
        lines += [f"if {test}:", f"    {raising}" if guard.error else "    return None"]
    for view in needed:
        lines.append(_unused_hidden(view, used))
    lines += statements_of(code, {*parameters, *(part for view in needed for part in view.names)})
    imports = set(imports_of(expression)).union(*(imports_of(guard.test) for guard in guards))
    return Program(name, tuple(parameters), tuple(lines), tuple(sorted(imports)), code)


def _unused_hidden(view: View, used: set[str]) -> str:
    left, equals, right = view.statement.partition(" = ")
    names = [name if name in used else f"_{name}" for name in left.split(", ")]
    return f"{', '.join(names)}{equals}{right}"


def failed(value: Any) -> bool:
    """Whether an outcome is an error."""
    return value is FAILED or isinstance(value, Exception)
