"""A module as text and as a tree: what it binds, what it imports, and edits by place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from genloom.errors import UsageError
from genloom.syntax import UNPARSABLE, parse_module

__all__ = ["Binding", "Definition", "ImportedName", "ModuleText", "absolute_module", "is_for_typing"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_COMMENT = re.compile(r"#(?!!)(?!.*coding[:=])")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
ImportedName = tuple[ast.Import | ast.ImportFrom, ast.alias]


class Binding(NamedTuple):
    """What gives a name its value in a module; `plain` when it stands there under no condition, `typing` when only type
    checkers see it."""

    kind: Literal["import", "definition", "value", "other"]
    node: ast.AST
    plain: bool
    alias: ast.alias | None = None
    typing: bool = False


@dataclass(frozen=True)
class ModuleText:
    """One file of Python. `module` is its dotted name."""

    path: str
    text: str
    module: str

    @property
    def is_package(self) -> bool:
        """Whether it is a package's own file."""
        return self.path.rpartition("/")[2] == "__init__.py"

    @cached_property
    def lines(self) -> list[str]:
        """The lines, each with its end."""
        return _LINE.findall(self.text)

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree. Raises `UsageError` where there is none."""
        if "\r" in self.text or "\f" in self.text:
            raise UsageError(
                f"{self.path!r} has line ends or page breaks that are not handled.", hint="Edit it yourself."
            )
        try:
            return parse_module(self.text)
        except UNPARSABLE as error:
            raise UsageError(f"{self.path!r} is no valid Python: {error}.", hint="Mend it first.") from error

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """What gives each name of the module its value."""
        found: dict[str, list[Binding]] = {}
        for name, binding in _bindings(self.tree.body, plain=True):
            found.setdefault(name, []).append(binding)
        for node in ast.walk(self.tree):
            for name in node.names if isinstance(node, ast.Global) else ():
                found.setdefault(name, []).append(Binding("other", node, plain=False))
        return found

    @property
    def imports(self) -> Iterator[ImportedName]:
        """Every imported name, at whatever depth."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from ((node, alias) for alias in node.names)

    @property
    def has_star(self) -> bool:
        """Whether it imports everything of some module."""
        return any(alias.name == "*" for _, alias in self.imports)

    def imports_future_annotations(self) -> bool:
        """Whether its annotations are not evaluated."""
        return any(
            isinstance(node, ast.ImportFrom) and node.module == "__future__" and alias.name == "annotations"
            for node, alias in self.imports
        )

    def span(self, node: Definition) -> tuple[int, int]:
        """Return the first line of a definition, its decorators and the comments right above, from 0, and the line after
        it. Comments at the head of the file are the file's. Raises `UsageError` where it shares a line with something
        else."""
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
        last = node.end_lineno or node.lineno
        rest = self.lines[last - 1].encode()[node.end_col_offset or 0 :].decode().strip()
        if node.col_offset or (rest and not rest.startswith("#")):
            raise UsageError(f"{node.name!r} shares a line with something else.", hint="Put it on lines of its own.")
        above = first
        while above and _COMMENT.match(self.lines[above - 1]):
            above -= 1
        at_head = not "".join(self.lines[:above]).strip() or self.lines[above - 1].startswith("#")
        return first if at_head else above, last

    def end_of_imports(self) -> int:
        """Return the line, from 0, before which a further import can stand."""
        end = 0
        for node in self.tree.body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.Import | ast.ImportFrom) or (docstring and node is self.tree.body[0]):
                end = node.end_lineno or end
            elif not docstring:
                break
        return end

    def with_imports(self, statements: Sequence[str]) -> str:
        """Return the text with further imports after those at its head."""
        there = {ast.unparse(node) for node in self.tree.body if isinstance(node, ast.Import | ast.ImportFrom)}
        new = [each for each in dict.fromkeys(statements) if each not in there]
        if not new:
            return self.text
        at = self.end_of_imports()
        head, rest = "".join(self.lines[:at]), "".join(self.lines[at:])
        after_docstring = at and not isinstance(self._statement_that_ends(at), ast.Import | ast.ImportFrom)
        block = "".join(f"{each}\n" for each in new)
        gap = "\n" if rest and not rest.startswith("\n") else ""
        before = "" if not head or head.endswith("\n") else "\n"
        if not at and rest:
            gap = "\n\n" if not rest.startswith("\n") else ""
        return f"{head}{before}{chr(10) if after_docstring else ''}{block}{gap}{rest}"

    def _statement_that_ends(self, line: int) -> ast.stmt:
        return next(node for node in self.tree.body if node.end_lineno == line)


def absolute_module(node: ast.ImportFrom, of: ModuleText) -> str:
    """Return the dotted name of the module that an import names."""
    if not node.level:
        return node.module or ""
    parts = of.module.split(".")
    base = parts[: len(parts) - node.level + of.is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def is_for_typing(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING"


def _bindings(body: Sequence[ast.stmt], *, plain: bool, typing: bool = False) -> Iterator[tuple[str, Binding]]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                yield bound, Binding("import", node, plain, alias, typing)
        elif isinstance(node, Definition):
            yield node.name, Binding("definition", node, plain)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and plain:
            yield from ((name, Binding("value", node, plain)) for name in _stored(node))
        else:
            yield from ((name, Binding("other", node, False)) for name in _stored(node))
            for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                for inner in getattr(node, field, None) or ():
                    yield from _bindings(
                        getattr(inner, "body", [inner]) if field in ("handlers", "cases") else [inner],
                        plain=False,
                        typing=typing or (field == "body" and is_for_typing(node)),
                    )


def _stored(node: ast.AST) -> Iterator[str]:
    """The names that a statement itself gives values to, but for those of the statements in it."""
    for field, value in ast.iter_fields(node):
        if field in ("body", "orelse", "finalbody", "handlers", "cases"):
            for handler in value if field == "handlers" else ():
                yield from [handler.name] if handler.name else []
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield from (
                    each.id
                    for each in ast.walk(inner)
                    if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)
                )
