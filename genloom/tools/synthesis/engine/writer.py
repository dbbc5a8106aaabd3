"""The writer: an answer as the statements of a function, and as a function that can be tried."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import FAILED
from genloom.tools.synthesis.engine.expression import Expression
from genloom.tools.synthesis.engine.rendering import code_of, imports_of
from genloom.tools.synthesis.engine.views import View

__all__ = ["Guard", "Program", "write"]


@dataclass(frozen=True)
class Guard:
    """A test under which the function raises an error of this name."""

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
        head = "\n".join(self.imports)
        body = "\n".join(f"    {line}" for line in self.body)
        space: dict[str, Any] = {}
        exec(f"{head}\ndef {self.name}({', '.join(self.parameters)}):\n{body}\n", space)  # noqa: S102 - inside the sandbox, our own text
        found: Callable[..., Any] = space[self.name]
        return found

    def outcome(self, arguments: Sequence[Any]) -> Any:
        """What the function gives: a value, or the exception that it raised."""
        try:
            return self.function()(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever the program raises is its outcome
            return error


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
        lines += [f"if {test}:", f'    raise {guard.error}(f"{name} cannot take {shown}")']
    for view in needed:
        lines.append(_unused_hidden(view, used))
    lines += _statements(ast.parse(code, mode="eval").body)
    imports = set(imports_of(expression)).union(*(imports_of(guard.test) for guard in guards))
    return Program(name, tuple(parameters), tuple(lines), tuple(sorted(imports)), code)


def _unused_hidden(view: View, used: set[str]) -> str:
    left, equals, right = view.statement.partition(" = ")
    names = [name if name in used else f"_{name}" for name in left.split(", ")]
    return f"{', '.join(names)}{equals}{right}"


def _statements(node: ast.expr) -> list[str]:
    lines: list[str] = []
    while isinstance(node, ast.IfExp):
        lines += [f"if {ast.unparse(node.test)}:", f"    return {ast.unparse(node.body)}"]
        node = node.orelse
    return [*lines, f"return {ast.unparse(node)}"]


def failed(value: Any) -> bool:
    """Whether an outcome is an error."""
    return value is FAILED or isinstance(value, Exception)
