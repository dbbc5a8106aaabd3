"""Annotation imports: what a module must import so that the annotations of a signature mean something when it is loaded."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import typing
from collections.abc import Iterable, Sequence

from genloom.syntax import UNPARSABLE, parse_expression

__all__ = ["import_lines"]

_HOMES = {"date": "datetime", "datetime": "datetime", "timedelta": "datetime", "Decimal": "decimal", "Path": "pathlib"}
_MODULES = frozenset({"collections", "datetime", "decimal", "fractions", "pathlib", "re", "typing"})
_FUTURE = "from __future__ import annotations"


def import_lines(annotations: Iterable[str], imports: Sequence[str] = ()) -> tuple[str, ...]:
    """Return `imports` and the import lines that annotations need, in order, each once.

    Names of `collections.abc`, `typing` and a few other standard modules are imported. Where a name is of no known home,
    `from __future__ import annotations` comes first: nothing looks it up then when the module is loaded.
    """
    lines = set(imports)
    members: dict[str, set[str]] = {}
    unknown = False
    for annotation in filter(None, annotations):
        for name, dotted in _names(annotation):
            home = _home(name)
            if dotted and name in _MODULES:
                lines.add(f"import {'collections.abc' if name == 'collections' else name}")
            elif home and not dotted:
                members.setdefault(home, set()).add(name)
            elif not hasattr(builtins, name):
                unknown = True
    lines |= {f"from {home} import {', '.join(sorted(names))}" for home, names in members.items()}
    return (*((_FUTURE, "") if unknown else ()), *sorted(lines, key=lambda line: (line.startswith("from "), line)))


def _home(name: str) -> str:
    if name in collections.abc.__all__:
        return "collections.abc"
    return "typing" if name in typing.__all__ else _HOMES.get(name, "")


def _names(annotation: str) -> list[tuple[str, bool]]:
    """The names that an annotation reads, and whether it goes on with a dot."""
    try:
        tree = parse_expression(annotation)
    except UNPARSABLE:
        return []
    roots = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return [(node.id, id(node) in roots) for node in ast.walk(tree) if isinstance(node, ast.Name)]
