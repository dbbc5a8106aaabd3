"""An excerpt: what of a file a model should see to learn how names are used in it. Pure and bounded."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from genloom.interfaces.importer.caller.caller import Caller
from genloom.interfaces.importer.caller.data_flow import needed_statements

__all__ = ["excerpt_of", "speaks_of"]

WHOLE_CHARACTERS = 6_000
"""A file that is no longer is shown whole."""
LONGEST_STATEMENT = 60
AROUND = 6


def excerpt_of(caller: Caller, names: Iterable[str], *, limit: int = 12_000, whole: int = WHOLE_CHARACTERS) -> str:
    """Return the statements that mention one of the names, or the module, with what they need and the comments beside them;
    "" when none does.

    A file of at most `whole` characters comes back whole. Left-out lines are marked; of a long definition only the lines
    around a mention are kept. At most `limit` characters.
    """
    asked = set(names)
    mentions = [each for each in caller.tree.body if _speaks_of(each, caller, asked)]
    if not mentions:
        return ""
    if len(caller.text) <= whole:
        return caller.text
    lines = caller.text.split("\n")
    kept = _kept_lines(caller, mentions, asked, lines)
    return _joined(lines, kept)[:limit]


def speaks_of(caller: Caller, names: Iterable[str]) -> bool:
    """Whether a file mentions one of the names, or imports from the module."""
    return any(_speaks_of(each, caller, set(names)) for each in caller.tree.body)


def _speaks_of(node: ast.stmt, caller: Caller, asked: set[str]) -> bool:
    if caller.mentioned(node) & asked:
        return True
    imports = [each for each in ast.walk(node) if isinstance(each, ast.ImportFrom | ast.Import)]
    local = {*caller.names, *caller.modules}
    return any((alias.asname or alias.name) in local for each in imports for alias in each.names)


def _kept_lines(caller: Caller, mentions: Sequence[ast.stmt], asked: set[str], lines: Sequence[str]) -> set[int]:
    """The numbers of the lines that are shown, from 0."""
    kept: set[int] = set()
    body = caller.tree.body
    together = ast.Module(body=list(mentions), type_ignores=[])
    for statement in (*mentions, *needed_statements(body[: body.index(mentions[-1])], together, ())):
        kept |= _span(statement, caller, asked)
    return kept | _comments_above(kept, lines)


def _span(statement: ast.stmt, caller: Caller, asked: set[str]) -> set[int]:
    first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))]) - 1
    last = statement.end_lineno or statement.lineno
    if last - first <= LONGEST_STATEMENT:
        return set(range(first, last))
    inner = [each for each in ast.walk(statement) if isinstance(each, ast.Name | ast.Attribute)]
    places = [each.lineno - 1 for each in inner if caller.original(each) in asked]
    around = {line for place in places for line in range(max(first, place - AROUND), min(last, place + AROUND + 1))}
    return {first, *around}


def _comments_above(kept: set[int], lines: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for start in kept:
        line = start - 1
        while line >= 0 and line not in kept and lines[line].lstrip().startswith("#"):
            found.add(line)
            line -= 1
    return found


def _joined(lines: Sequence[str], kept: set[int]) -> str:
    shown: list[str] = []
    for number, line in enumerate(lines):
        if number in kept:
            shown.append(line)
        elif not shown or shown[-1] != "# …":
            shown.append("# …")
    return "\n".join(shown) + "\n"
