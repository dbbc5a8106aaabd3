"""Summaries: counts of a repository, file, class or function, keyed as graph-sitter's summaries name them.

Names are matched by name, not by type: a usage of another definition of the same name counts too. `functions` and
`classes` are those at the top of a module; methods count with their class. Python has no interfaces.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from genloom.errors import UsageError
from genloom.tools.codebase.ranking.reasons import importers
from genloom.tools.codebase.relations.modules import ModuleMap

__all__ = ["Summary", "summarise"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a summary says: `counts` as data, and `text` for people and prompts. `target` is `path`, `path::symbol` or empty
    for the whole repository."""

    target: str
    kind: Literal["codebase", "file", "class", "function", "symbol"]
    counts: dict[str, int]
    text: str


def summarise(connection: sqlite3.Connection, target: str | None) -> Summary:
    """Summarise the repository, or the file (`path`) or symbol (`path::Class.method`, or a name) given.

    Raises `UsageError` when there is no such file or symbol.
    """
    if not target:
        return _codebase(connection)
    path, _, symbol = target.partition("::")
    file = connection.execute(
        "SELECT id FROM files WHERE path = ? AND skipped = ''", (path.removeprefix("./"),)
    ).fetchone()
    if file and not symbol:
        return _file(connection, path.removeprefix("./"), file[0])
    row = _find_symbol(connection, file[0] if file else None, symbol or target)
    if row is None or (symbol and not file):
        raise UsageError(
            f"The index has no file or symbol {target!r}.",
            hint="Give a path, `path::Class.method`, or a name that is defined.",
        )
    return _symbol(connection, *row)


def _text(title: str, counts: dict[str, int]) -> str:
    return "\n".join([f"==== [ {title} ] ====", *(f"- {count} {name}" for name, count in counts.items())])


def _number(connection: sqlite3.Connection, query: str, *values: object) -> int:
    return int(connection.execute(query, values).fetchone()[0] or 0)


def _kinds(connection: sqlite3.Connection, file_id: int | None = None) -> dict[str, int]:
    """Count the top-level symbols by kind, of one file or of all."""
    where = "" if file_id is None else "AND file_id = :file"
    rows = dict(
        connection.execute(
            f"SELECT kind, COUNT(*) FROM symbols WHERE parent = 0 AND ordinal > 0 {where} GROUP BY kind",  # noqa: S608 # fixed text
            {"file": file_id},
        )
    )
    classes, functions, variables = (rows.get(kind, 0) for kind in ("class", "function", "variable"))
    return {
        "symbols": classes + functions + variables,
        "classes": classes,
        "functions": functions,
        "global_vars": variables,
        "interfaces": 0,
    }


def _modules(connection: sqlite3.Connection) -> ModuleMap:
    return ModuleMap(path for (path,) in connection.execute("SELECT path FROM files WHERE skipped = ''"))


def _codebase(connection: sqlite3.Connection) -> Summary:
    modules = _modules(connection)
    rows = connection.execute("SELECT path, module, name FROM imports JOIN files ON files.id = file_id").fetchall()
    external = {module.split(".")[0] for path, module, name in rows if not modules.resolve(module, name, path)} - {""}
    counts = {
        "files": len(modules.paths),
        "imports": len(rows),
        "external_modules": len(external),
        **_kinds(connection),
    }
    return Summary(target="", kind="codebase", counts=counts, text=_text("Codebase", counts))


def _file(connection: sqlite3.Connection, path: str, file_id: int) -> Summary:
    counts = {
        "imports": _number(connection, "SELECT COUNT(*) FROM imports WHERE file_id = ?", file_id),
        **_kinds(connection, file_id),
        "importers": len(importers(connection, _modules(connection), [path]).get(path, ())),
    }
    return Summary(target=path, kind="file", counts=counts, text=_text(f"`{path}` (SourceFile)", counts))


SymbolRow = tuple[str, int, int, str, str, str, dict[str, Any]]  # Any: decoded JSON


def _find_symbol(connection: sqlite3.Connection, file_id: int | None, name: str) -> SymbolRow | None:
    """Return (path, file, ordinal, kind, name, qualified, details) of the first definition of that qualified or plain
    name: full names before plain ones, then by path and line."""
    row = connection.execute(
        "SELECT path, file_id, ordinal, kind, name, qualified, details FROM symbols JOIN files ON files.id = file_id"
        " WHERE (qualified = :name OR name = :name) AND ordinal > 0 AND (:file IS NULL OR file_id = :file)"
        " ORDER BY qualified <> :name, path, ordinal LIMIT 1",
        {"name": name, "file": file_id},
    ).fetchone()
    return (*row[:6], json.loads(row[6])) if row else None


def _symbol(
    connection: sqlite3.Connection,
    path: str,
    file_id: int,
    ordinal: int,
    kind: str,
    name: str,
    qualified: str,
    details: dict[str, Any],  # Any: decoded JSON
) -> Summary:
    usage = {
        "dependencies": _number(connection, _DEPENDENCIES, file_id, ordinal, name),
        "usages": _number(connection, _USAGES, name) + _number(connection, _IMPORTED, name),
        "imports": _number(connection, _IMPORTED, name),
    }
    counts: dict[str, int] = {}
    shown: Literal["class", "function", "symbol"] = "symbol"
    if kind == "class":
        shown = "class"
        counts = {
            "parent_classes": len(details.get("bases", ())),
            "methods": _number(connection, _METHODS, file_id, ordinal),
            "attributes": details.get("attribute_count", 0),
        }
    elif kind in ("function", "method"):
        shown = "function"
        counts = {
            "return_statements": details.get("return_count", 0),
            "parameters": sum(parameter[0] not in ("*", "/") for parameter in details.get("parameters", ())),
            "function_calls": details.get("call_count", 0),
            "call_sites": _number(connection, _CALL_SITES, name),
        }
    counts = {**counts, "decorators": len(details.get("decorators", ())), **usage}
    target = f"{path}::{qualified}"
    return Summary(target=target, kind=shown, counts=counts, text=_text(f"`{target}` ({shown.title()})", counts))


_METHODS = "SELECT COUNT(*) FROM symbols WHERE file_id = ? AND parent = ? AND kind = 'method'"
_CALL_SITES = "SELECT SUM(count) FROM mentions WHERE name = ? AND kind = 'call'"
_USAGES = "SELECT COUNT(*) FROM (SELECT DISTINCT file_id, ordinal FROM mentions WHERE name = ?)"
_IMPORTED = "SELECT COUNT(*) FROM imports WHERE name = ?"
_DEPENDENCIES = (
    "SELECT COUNT(DISTINCT m.name) FROM mentions m WHERE m.file_id = ? AND m.ordinal = ? AND m.name <> ?"
    " AND EXISTS (SELECT 1 FROM symbols s WHERE s.name = m.name AND s.ordinal > 0)"
)
