"""Functions: a repository's top-level functions that could be called as building blocks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from genloom.tools.codebase.ranking.hints import Symbol
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.roles import file_role
from genloom.tools.codebase.ranking.search import score_query
from genloom.tools.codebase.ranking.statistics import Statistics
from genloom.tools.codebase.relations.modules import ModuleMap

__all__ = ["FunctionSignature", "best_functions", "component_functions"]

PURE_DECORATORS = frozenset(
    ["cache", "functools.cache", "lru_cache", "functools.lru_cache", "lru_cache()", "functools.lru_cache()"]
)


@dataclass(frozen=True, kw_only=True)
class FunctionSignature:
    """A function that can be called with positional arguments alone.

    `module` is its dotted name once `import_root` (relative to the repository, empty for itself) is on `sys.path`;
    `parameters` are (name, annotation as written or `None`, whether it has a default), those that can only be given by
    keyword left out; `doc` is the docstring's first line.
    """

    module: str
    name: str
    parameters: tuple[tuple[str, str | None, bool], ...]
    returns: str | None
    doc: str
    path: str
    import_root: str

    @property
    def is_typed(self) -> bool:
        """Whether every parameter and the result are annotated."""
        return self.returns is not None and all(annotation for _, annotation, _ in self.parameters)


def best_functions(
    connection: sqlite3.Connection,
    query: Query,
    limit: int,
    accept: Callable[[FunctionSignature], bool] | None = None,
    statistics: Statistics | None = None,
) -> tuple[FunctionSignature, ...]:
    """Return the `limit` typed functions that the query points at first; equal ones in the order of path and place."""
    scores = score_query(connection, query, statistics).scores
    found = [
        (-scores.symbol(symbol), function)
        for symbol, function in component_functions(connection)
        if function.is_typed and (accept is None or accept(function))
    ]
    return tuple(function for _, function in sorted(found, key=itemgetter(0))[: max(limit, 0)])


def component_functions(connection: sqlite3.Connection) -> Iterator[tuple[Symbol, FunctionSignature]]:
    """Yield the public top-level functions outside tests and examples whose own text shows no side effect.

    That is a first sieve, not a proof: the functions that it calls are not looked into. Left out are coroutines,
    generators, decorated functions (caches aside), and those that need an argument by keyword.
    """
    paths = dict(connection.execute("SELECT id, path FROM files WHERE skipped = '' ORDER BY path"))
    modules = ModuleMap(paths.values())
    rows = connection.execute(
        "SELECT file_id, ordinal, name, doc, details FROM symbols WHERE kind = 'function' AND parent = 0"
        " AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY file_id, ordinal"
    )
    found = [(paths[row[0]], *row) for row in rows if row[0] in paths]
    for path, file_id, ordinal, name, doc, text in sorted(found, key=itemgetter(0)):
        root, module = modules.module(path)
        details = json.loads(text)
        parameters = _positional(details)
        if parameters is None or not _is_component(path, module, details):
            continue
        yield (
            (file_id, ordinal),
            FunctionSignature(
                module=module,
                name=name,
                parameters=parameters,
                returns=details.get("returns"),
                doc=doc.split("\n")[0],
                path=path,
                import_root=root,
            ),
        )


def _is_component(path: str, module: str, details: dict[str, Any]) -> bool:  # Any: decoded JSON
    if not path.endswith(".py") or file_role(path) in ("test", "documentation"):
        return False
    if not all(part.isidentifier() for part in module.split(".")) or module.endswith("__main__"):
        return False
    return bool(details.get("pure")) and set(details.get("decorators", ())) <= PURE_DECORATORS


def _positional(details: dict[str, Any]) -> tuple[tuple[str, str | None, bool], ...] | None:  # Any: decoded JSON
    """Return the parameters that can be given by position; `None` when another one must be given."""
    found: list[tuple[str, str | None, bool]] = []
    keyword_only = False
    for name, annotation, has_default in details.get("parameters", ()):
        if name.startswith("*"):
            keyword_only = keyword_only or not name.startswith("**")
        elif keyword_only and not has_default:
            return None
        elif not keyword_only and name != "/":
            found.append((name, annotation, has_default))
    return tuple(found)
