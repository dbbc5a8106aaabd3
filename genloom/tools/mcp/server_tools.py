"""The tools of MCP servers, as LangChain tools."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genloom.errors import CredentialError, GenloomError, UsageError
from genloom.portal import run_sync
from genloom.tools.effects import with_effect
from genloom.tools.mcp.server_spec import McpServer
from genloom.tools.security import clean, present

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool
    from mcp.types import CallToolResult, Tool

__all__ = ["amcp_tools", "mcp_toolbox", "mcp_tools"]

MAX_TOOLS = 200
MAX_LISTED = 2_000
MAX_DESCRIPTION = 4_000
BEYOND_THE_CUT = 8_000
"""So much more is looked through: a secret that stands across the cut is found whole."""
MAX_SCHEMA = 50_000
MAX_NAME = 64
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]+")

Handler = Callable[[Any], Awaitable[Any]]


def mcp_tools(servers: Iterable[McpServer] | Mapping[str, McpServer], *, secrets: Sequence[str] = ()) -> list[BaseTool]:
    """Return the tools of MCP servers, for `invoke` and `ainvoke`; see `amcp_tools`."""
    return run_sync(amcp_tools(servers, secrets=secrets))


async def amcp_tools(
    servers: Iterable[McpServer] | Mapping[str, McpServer], *, secrets: Sequence[str] = ()
) -> list[BaseTool]:
    """Return the tools of MCP servers, each under its server's name and its own (`files_read`).

    The servers are asked now for what they have, and each call opens a session of its own. A call that takes longer than
    its server's limit is given up; answers are cut, without secrets (the server's own and `secrets`), and delimited as
    data; what a server says of its tools is cleaned of hidden text. Whatever goes wrong in a call is an answer.

    Raises `UsageError` without the extra `mcp`, and for a server that cannot be asked or whose tools cannot be used.
    """
    chosen = list(servers.values() if isinstance(servers, Mapping) else servers)
    _demand_extra()
    found = await asyncio.gather(*(_tools_of(server, (*secrets, *server.secrets())) for server in chosen))
    return _unique([tool for tools in found for tool in tools])


def mcp_toolbox(
    servers: Iterable[McpServer] | Mapping[str, McpServer], *, secrets: Sequence[str] = ()
) -> dict[str, list[BaseTool]]:
    """Return the tools of MCP servers by their servers' names, as agents' specs may name them."""
    chosen = list(servers.values() if isinstance(servers, Mapping) else servers)
    return {server.name: mcp_tools([server], secrets=secrets) for server in chosen}


def _demand_extra() -> None:
    import importlib.util

    if any(importlib.util.find_spec(name) is None for name in ("mcp", "langchain_mcp_adapters")):
        raise UsageError("MCP needs packages that are not installed.", hint="pip install 'genloom[mcp]'")


async def _tools_of(server: McpServer, secrets: Sequence[str]) -> list[BaseTool]:
    from langchain_mcp_adapters.tools import convert_mcp_tool_to_langchain_tool  # here: it loads LangChain and `mcp`

    unused: Any = {"transport": "stdio"}  # our own sessions are asked
    found = [
        convert_mcp_tool_to_langchain_tool(
            None,
            tool,
            connection=unused,
            server_name=server.name,
            tool_name_prefix=True,
            tool_interceptors=[_Contained(server, secrets)],
        )
        for tool in await _listed(server, secrets)
    ]
    prefix = f"{server.name}_"
    picked = [tool for tool in found if server.only is None or tool.name.removeprefix(prefix) in server.only]
    missing = set(server.only or ()) - {tool.name.removeprefix(prefix) for tool in picked}
    if missing:
        names = ", ".join(tool.name.removeprefix(prefix) for tool in found)
        raise UsageError(
            f"The MCP server {server.name} has no tool {min(missing)!r}.",
            hint=f"It has: {clean(names[: 1_000 + BEYOND_THE_CUT], secrets=secrets).text[:1_000]}.",
        )
    if len(picked) > MAX_TOOLS:
        raise UsageError(
            f"The MCP server {server.name} has {len(picked)} tools.", hint=f"Pick {MAX_TOOLS} at most with `only`."
        )
    return [_told(tool, server, secrets) for tool in picked]


async def _listed(server: McpServer, secrets: Sequence[str]) -> list[Tool]:
    from mcp.types import PaginatedRequestParams

    from genloom.tools.mcp.session import open_session

    found: list[Tool] = []
    try:
        async with asyncio.timeout(server.seconds), open_session(server) as session:
            page = await session.list_tools()
            found += page.tools
            while page.nextCursor and len(found) <= MAX_LISTED:
                page = await session.list_tools(params=PaginatedRequestParams(cursor=page.nextCursor))
                found += page.tools
    except Exception as error:
        known = next((each for each in _causes(error) if isinstance(each, GenloomError)), None)
        if isinstance(known, CredentialError):
            raise known from None
        why = clean(_why(error), secrets=secrets).text
        raise UsageError(
            f"The MCP server {server.name} could not be asked for its tools: {why}", hint="Start it by hand to see."
        ) from error
    return found


class _Contained:
    """Surrounds each call: a limit in time, failures as answers, and the answer bounded."""

    def __init__(self, server: McpServer, secrets: Sequence[str]) -> None:
        self._server, self._secrets = server, secrets

    async def __call__(self, request: Any, handler: Handler) -> CallToolResult:
        from genloom.tools.mcp.server_answer import bounded_answer, failed_answer
        from genloom.tools.mcp.session import open_session

        limit: asyncio.Timeout | None = None
        try:
            async with asyncio.timeout(self._server.seconds) as limit, open_session(self._server) as session:
                answer = await session.call_tool(request.name, request.args)
        except Exception as error:  # noqa: BLE001 - whatever a server or the way to it makes go wrong
            if limit is not None and limit.expired():
                return failed_answer(self._server, f"it took longer than {self._server.seconds:g} seconds.", ())
            return failed_answer(self._server, _why(error), self._secrets)
        return bounded_answer(answer, self._server, request.name, self._secrets)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The errors that a transport wraps in groups."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
    else:
        yield error


def _why(error: BaseException) -> str:
    causes = list(_causes(error))
    first = next((each for each in causes if isinstance(each, GenloomError)), causes[0] if causes else error)
    if isinstance(first, TimeoutError):
        return "it took too long."
    return first.message if isinstance(first, GenloomError) else f"{type(first).__name__}: {first}"


def _told(tool: BaseTool, server: McpServer, secrets: Sequence[str]) -> BaseTool:
    """The tool with both faces, under a name that every model takes, with a description of its server's that is data."""
    inner: Any = vars(tool)["coroutine"]  # Any: the adapters make structured tools that wait

    async def acall(
        **arguments: Any,
    ) -> Any:  # Any: as the server's schema describes them, and as LangChain takes answers
        return await inner(**arguments)

    def call(**arguments: Any) -> Any:  # Any: as above
        return run_sync(acall(**arguments))

    reads = server.trust_hints and bool((tool.metadata or {}).get("readOnlyHint"))
    schema = tool.args_schema if isinstance(tool.args_schema, dict) else {}
    if len(json.dumps(schema, default=str)) > MAX_SCHEMA:
        raise UsageError(
            f"The arguments of {tool.name[:100]!r} have a description that is too long.",
            hint="Pick other tools with `only`.",
        )
    made = tool.model_copy(
        update={
            "name": _FOREIGN.sub("_", tool.name)[:MAX_NAME],
            "description": _description(tool.description, server, secrets),
            "args_schema": _cleaned(schema, secrets),
            "func": call,
            "coroutine": acall,
        }
    )
    return with_effect(made, "read" if reads else "write")


def _description(text: str, server: McpServer, secrets: Sequence[str]) -> str:
    cleaned = clean(text[: MAX_DESCRIPTION + BEYOND_THE_CUT], secrets=secrets)
    shown = cleaned.text[:MAX_DESCRIPTION].strip() or "(no description)"
    return present(f"what the MCP server {server.name} says of it", shown) if cleaned.labels else shown


def _cleaned(schema: Any, secrets: Sequence[str]) -> Any:
    """The schema with its texts cleaned of hidden ones and of secrets."""
    if isinstance(schema, dict):
        return {str(key): _cleaned(value, secrets) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_cleaned(each, secrets) for each in schema]
    return clean(schema, secrets=secrets).text if isinstance(schema, str) else schema


def _unique(tools: Sequence[BaseTool]) -> list[BaseTool]:
    names: set[str] = set()
    unique: list[BaseTool] = []
    for tool in tools:
        name, number = tool.name, 2
        while name in names:
            name, number = f"{tool.name[: MAX_NAME - 4]}_{number}", number + 1
        names.add(name)
        unique.append(tool if name == tool.name else tool.model_copy(update={"name": name}))
    return unique
