"""Named tables of a user's TOML file: agents, MCP servers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from genloom.errors import UsageError

__all__ = ["refuse_table", "toml_tables"]

MAX_BYTES = 1_000_000
MAX_TABLES = 200

Table = Mapping[str, Any]  # Any: TOML's values


def toml_tables(path: Path, key: str, what: str) -> dict[str, Table]:
    """Return the tables below `[tool.genloom.KEY]` of a file of any name, or below `[KEY]` of one that is no
    `pyproject.toml`, by name.

    `what` is the word for one of them in errors. Raises `UsageError` that names the file where it cannot be read, holds none
    or too many, or holds them in both places.
    """
    data = _parsed(path)
    found = _at(data, "tool", "genloom", key)
    bare = _at(data, key) if path.name != "pyproject.toml" else None  # there it would be another tool's
    if found is not None and bare is not None:
        raise UsageError(
            f"{path} holds {what}s below [tool.genloom.{key}] and below [{key}].", hint="Keep them in one of the two."
        )
    tables = bare if found is None else found
    if not isinstance(tables, Mapping) or not tables:
        raise UsageError(
            f"{path} holds no {what}s.", hint=f"Write a table [tool.genloom.{key}.NAME] for each, or [{key}.NAME]."
        )
    if len(tables) > MAX_TABLES:
        raise UsageError(f"{path} holds more than {MAX_TABLES} {what}s.", hint="Split it.")
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise UsageError(
                f"{path}: the {what} {name!r} is no table.", hint=f"Write it as [tool.genloom.{key}.{name}]."
            )
    return dict(tables)


def refuse_table(path: Path, what: str, name: str, error: ValidationError, see: str) -> NoReturn:
    """Raise `UsageError` for a table that is not valid, by its first mistake; values do not show, they may be secrets."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "it"
    raise UsageError(f"{path}: the {what} {name!r}: {where}: {first['msg']}.", hint=f"See {see}.") from error


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path} is larger than {MAX_BYTES:,} bytes.", hint="Name a file for these tables alone.")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", hint="Check the path.") from error
    except ValueError as error:
        raise UsageError(f"{path} is no TOML: {error}.", hint="Mend it where the message says.") from error


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data
