"""Addresses: which definition `path::Class.method`, a path or a name means."""

from __future__ import annotations

from genloom.errors import UsageError
from genloom.tools.codebase.relations.tables import Named, Tables

__all__ = ["Place", "find_place", "find_places"]

MAX_LISTED = 10
Place = tuple[int, int]
"""A file and a definition in it by its ordinal; 0 is the module."""


def find_place(tables: Tables, symbol: str) -> Place:
    """Return the one definition, or file, that is meant.

    Raises `UsageError` when there is none, or when a name has several: its hint lists their addresses.
    """
    places = find_places(tables, symbol)
    if len(places) > 1:
        listed = [tables.file(file_id).address(ordinal) for file_id, ordinal in places[:MAX_LISTED]]
        more = f", and {len(places) - MAX_LISTED} more" if len(places) > MAX_LISTED else ""
        raise UsageError(
            f"{symbol!r} is ambiguous: it has {len(places)} definitions.",
            hint=f"Give one of these addresses: {', '.join(listed)}{more}.",
        )
    return places[0]


def find_places(tables: Tables, symbol: str) -> list[Place]:
    """Return the definitions that are meant, full names before plain ones, then in the order of path and place.

    Definitions of one address (overloads, a property's getter and setter) count once. Raises `UsageError` without any.
    """
    path, _, qualified = symbol.partition("::")
    path = path.removeprefix("./")
    if not qualified and path in tables.ids:
        return [(tables.ids[path], 0)]
    found: list[Named] = []
    if not qualified or path in tables.ids:
        found = tables.addressed(qualified or symbol, path if qualified else None, 200)
        exact = [named for named in found if _qualified(tables, named) == (qualified or symbol)]
        found = exact if exact and (qualified or "." in symbol) else found
    places = list(dict.fromkeys((named.file_id, tables.file(named.file_id).first(named.ordinal)) for named in found))
    if not places:
        raise UsageError(
            f"The index has no file or symbol {symbol!r}.",
            hint="Give a path, `path::Class.method`, or a name that is defined.",
        )
    return places


def _qualified(tables: Tables, named: Named) -> str:
    return tables.file(named.file_id).definitions[named.ordinal].qualified
