"""The MCP server, over streams in this process, with tools of the tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool, tool
from mcp import ClientSession, types
from mcp.shared.exceptions import McpError
from mcp.shared.memory import create_connected_server_and_client_session

from genloom.config import load_settings
from genloom.errors import CredentialError
from genloom.interfaces.mcp.checked_code import MAX_SHOWN, _Work, checked_code_tools
from genloom.interfaces.mcp.progress import report_progress
from genloom.interfaces.mcp.server import CallLimits, build_mcp_server
from genloom.tools.coding import Workspace
from genloom.tools.effects import effect_of, with_effect

SECRET = "ghp_" + "a1B2c3D4" * 4 + "e5F6"

Ask = Callable[[ClientSession], Awaitable[Any]]


@tool
def add(first: int, second: int) -> int:
    """Add two numbers."""
    return first + second


async def _asked(tools: list[BaseTool], ask: Ask, **options: Any) -> Any:
    async with create_connected_server_and_client_session(build_mcp_server(tools, **options)) as client:
        return await ask(client)


def _text(result: types.CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, types.TextContent))


async def test_a_tool_says_what_it_takes_and_does() -> None:
    listed = await _asked(
        [with_effect(add, "read"), with_effect(add.model_copy(update={"name": "change"}), "write")], _list
    )
    reading, writing = listed.tools
    assert reading.inputSchema["required"] == ["first", "second"]
    assert reading.annotations is not None
    assert (reading.annotations.readOnlyHint, reading.annotations.destructiveHint) == (True, False)
    assert writing.annotations is not None
    assert (writing.annotations.readOnlyHint, writing.annotations.destructiveHint) == (False, True)


async def _list(client: ClientSession) -> types.ListToolsResult:
    return await client.list_tools()


async def test_a_call_is_answered() -> None:
    result = await _asked([add], lambda client: client.call_tool("add", {"first": 2, "second": 3}))
    assert (_text(result), result.isError) == ("5", False)


async def test_a_wrong_argument_is_named() -> None:
    result = await _asked([add], lambda client: client.call_tool("add", {"first": "two"}))
    assert result.isError
    assert result.structuredContent["error"]["type"] == "ArgumentError"
    assert "`first`: input should be a valid integer" in _text(result)


async def test_an_unknown_tool_is_an_error_of_the_protocol() -> None:
    async def ask(client: ClientSession) -> None:
        with pytest.raises(McpError, match="There is no tool 'subtract'"):
            await client.call_tool("subtract", {})

    await _asked([add], ask)


async def test_what_a_tool_raises_is_told_with_its_hint_and_without_secrets() -> None:
    @tool
    def fetch() -> str:
        """Fetch."""
        raise CredentialError(f"{SECRET} was refused.", hint="Set another.")

    result = await _asked([fetch], lambda client: client.call_tool("fetch", {}))
    error = result.structuredContent["error"]
    assert (result.isError, error["type"], error["hint"]) == (True, "CredentialError", "Set another.")
    assert SECRET not in str(result)


async def test_an_answer_is_cut_and_holds_no_secret() -> None:
    @tool
    def dump() -> str:
        """Dump everything."""
        return f"{SECRET} hunter2hunter2 " + "x " * 25_000_000

    limits = CallLimits(characters=1_000)
    result = await _asked(
        [dump], lambda client: client.call_tool("dump", {}), limits=limits, secrets=["hunter2hunter2"]
    )
    assert len(_text(result)) < 1_200
    assert "more characters were left out" in _text(result)
    assert SECRET not in _text(result)
    assert "hunter2hunter2" not in _text(result)


async def test_a_tool_that_hangs_is_given_up() -> None:
    @tool
    async def hang() -> str:
        """Hang."""
        await asyncio.Event().wait()
        return "never"

    result = await _asked([hang], lambda client: client.call_tool("hang", {}), limits=CallLimits(seconds=0.1))
    assert result.structuredContent["error"]["type"] == "TimeLimitError"


async def test_a_client_may_cancel_a_call_and_go_on() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    @tool
    async def work() -> str:
        """Work."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    async def ask(client: ClientSession) -> types.CallToolResult:
        calling = asyncio.create_task(client.call_tool("work", {}))
        await begun.wait()
        gone: Any = types.CancelledNotification(params=types.CancelledNotificationParams(requestId=1))
        await client.send_notification(types.ClientNotification(gone))
        await ended.wait()
        with pytest.raises(McpError):
            await calling
        return await client.call_tool("add", {"first": 1, "second": 1})

    assert _text(await _asked([work, add], ask)) == "2"


async def test_progress_goes_to_who_asks_for_it() -> None:
    told: list[str | None] = []

    @tool
    async def work() -> str:
        """Work."""
        await asyncio.to_thread(report_progress, f"half done with {SECRET}")
        while not told:
            await asyncio.sleep(0.01)
        return "done"

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    result = await _asked([work], lambda client: client.call_tool("work", {}, progress_callback=heard))
    assert _text(result) == "done"
    assert told[0] is not None
    assert told[0].startswith("half done")
    assert SECRET not in told[0]


async def test_many_calls_run_a_few_at_once() -> None:
    running, most = 0, 0

    @tool
    async def work() -> str:
        """Work."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return "done"

    async def ask(client: ClientSession) -> list[types.CallToolResult]:
        return await asyncio.gather(*(client.call_tool("work", {}) for _ in range(20)))

    results = await _asked([work], ask, limits=CallLimits(at_once=3))
    assert len(results) == 20
    assert most == 3


@pytest.mark.parametrize(
    ("model", "configured", "asks"),
    [(None, {}, False), ("openai:m", {}, True), (None, {"model": "m"}, True), (None, {"reviewer_model": "m"}, True)],
)
async def test_generate_says_that_it_sends_code_out_where_a_model_takes_part(
    tmp_path: Path, model: str | None, configured: dict[str, Any], asks: bool
) -> None:
    settings = replace(load_settings(), **configured)
    tools = checked_code_tools(Workspace(tmp_path), settings, model=model)
    assert {effect_of(each) for each in tools} == {"read"}
    hints = {each.name: each.annotations for each in (await _asked(tools, _list)).tools}
    generate, verify = hints["generate"], hints["verify"]
    assert (generate.readOnlyHint, generate.openWorldHint, generate.destructiveHint) == (not asks, asks, False)
    assert (verify.readOnlyHint, verify.openWorldHint) == (True, False)


async def test_a_secret_across_a_cut_is_taken_out_whole() -> None:
    """Of the words on a call's progress, and of a failure."""
    value = "hunter2hunter2hunter2"
    told: list[str | None] = []

    @tool
    async def work() -> str:
        """Work."""
        report_progress("x" * 290 + value)
        while not told:
            await asyncio.sleep(0.01)
        raise CredentialError("x" * 7_990 + value)

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    result = await _asked([work], lambda client: client.call_tool("work", {}, progress_callback=heard), secrets=[value])
    assert told[0] is not None
    assert len(told[0]) == 300
    assert "hunter2" not in str([told, result])


async def test_a_secret_across_the_cut_of_a_long_review_is_taken_out_whole(tmp_path: Path) -> None:
    value = "hunter2hunter2hunter2"
    settings = replace(load_settings(), openai_api_key=value)
    work = _Work(Workspace(tmp_path), settings, None)
    shown = work._shown("x" * (MAX_SHOWN - 10) + value + "x" * 100)
    assert value in settings.secrets
    assert "hunter2" not in shown
    assert "more characters" in shown
