"""An MCP server as a user configures it, as code or as a table of a TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from genloom.config import load_settings, named_values
from genloom.errors import CredentialError
from genloom.tools.codegen.http.address import checked_address
from genloom.tools.toml_tables import refuse_table, toml_tables

__all__ = ["McpServer", "read_mcp_servers"]

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,30}\Z")


def _demand_name(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError("a server's name is a letter, then up to 30 letters, digits, `_` or `-`")
    return name


class McpServer(BaseModel):
    """An MCP server: a program (`command`, `args`), or an address (`url`).

    A program gets the variables in `env`, those of this process that `env_from` names, and the few that any program needs;
    an address gets `headers`, and as bearer token the variable that `token_from` names. `only` picks some of its tools.
    One call may take `seconds`, its answer have `characters`. A tool that says it only reads is taken by its word, unless
    `trust_hints` is false: then each counts as changing something.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_demand_name)]
    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default={}, repr=False)
    env_from: tuple[str, ...] = ()
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] = Field(default={}, repr=False)
    token_from: str | None = None
    only: tuple[str, ...] | None = None
    seconds: Annotated[float, Field(gt=0, le=7_200)] = 120.0
    characters: Annotated[int, Field(ge=500, le=1_000_000)] = 19_000
    trust_hints: bool = True

    @model_validator(mode="after")
    def _demand_one_way(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise ValueError("give either command or url")
        if self.url is not None and (self.args or self.env or self.env_from or self.cwd):
            raise ValueError("args, env, env_from and cwd are for a server with a command")
        if self.command is not None and (self.headers or self.token_from):
            raise ValueError("headers and token_from are for a server with a url")
        return self

    def environment(self) -> dict[str, str]:
        """Return the variables of a program. Raises `CredentialError` for one that is not set."""
        return {**self.env, **self._variables(self.env_from)}

    def address(self) -> tuple[str, dict[str, str]]:
        """Return the address and the headers to send. Raises `CredentialError` for a variable that is not set, and
        `UsageError` for an address without encryption that is another machine's."""
        allow_http = load_settings().allow_http
        address = checked_address(
            self.url or "", what=f"the MCP server {self.name}", variable="its url", allow_http=allow_http
        )
        headers = dict(self.headers)
        if self.token_from is not None:
            headers["Authorization"] = f"Bearer {self._variables([self.token_from])[self.token_from]}"
        return address, headers

    def secrets(self) -> tuple[str, ...]:
        """Return the values that must not show: those of headers, and of the variables that it gets."""
        names = [*self.env_from, *([self.token_from] if self.token_from else [])]
        values = (*self.headers.values(), *self.env.values(), *named_values(names).values())
        return tuple(value for value in values if len(value) >= 8)

    def _variables(self, names: Sequence[str]) -> dict[str, str]:
        found = named_values(names)
        missing = [name for name in names if name not in found]
        if missing:
            raise CredentialError(
                f"The MCP server {self.name} needs {', '.join(missing)}, which is not set.",
                hint="Set it in the environment.",
            )
        return found


def read_mcp_servers(path: str | Path) -> dict[str, McpServer]:
    """Return the servers of a TOML file by name: the tables below `[tool.genloom.mcp]`, or below `[mcp]` where it is no
    `pyproject.toml`.

    Whoever names the file trusts it: its commands are started. Raises `UsageError` that names the file, the server and the
    key where something is wrong.
    """
    path = Path(path).expanduser()
    return {name: _server(path, name, table) for name, table in toml_tables(path, "mcp", "MCP server").items()}


def _server(path: Path, name: str, table: Mapping[str, Any]) -> McpServer:
    try:
        return McpServer(**{**table, "name": name})
    except ValidationError as error:
        refuse_table(path, "MCP server", name, error, "docs/mcp.md")
