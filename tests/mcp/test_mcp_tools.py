"""Tools of MCP servers for agents: a real server, as a program, asked by LangChain's adapters."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from foreign_server import HIDDEN, SECRET
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langchain_mcp_adapters.client import MultiServerMCPClient
from mcp import types
from pydantic import AnyUrl

from genloom.errors import CredentialError, UsageError
from genloom.graphs import build_agent_graph, build_spec_graph
from genloom.state.agent_spec import AgentSpec
from genloom.testing import Reply, ScriptedChatModel, ToolCall
from genloom.tools.effects import effect_of
from genloom.tools.mcp import McpServer, amcp_tools, mcp_toolbox, mcp_tools, read_mcp_servers
from genloom.tools.mcp.server_answer import bounded_answer, failed_answer
from genloom.tools.mcp.server_tools import _description

PROGRAM = str(Path(__file__).with_name("foreign_server.py"))


def _server(notes: Path, **options: Any) -> McpServer:
    given = {"name": "foreign", "command": sys.executable, "args": (PROGRAM, str(notes)), **options}
    return McpServer(**given)


def _by_name(tools: list[BaseTool]) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in tools}


def _calls(*calls: tuple[str, dict[str, Any]]) -> Reply:
    return Reply(tool_calls=tuple(ToolCall(name=name, arguments=arguments) for name, arguments in calls))


def _answers(result: dict[str, Any]) -> list[str]:
    return [message.text for message in result["messages"] if isinstance(message, ToolMessage)]


def test_an_agent_uses_a_servers_tools_and_asks_before_those_that_change_something(tmp_path: Path) -> None:
    """Arguments are checked by the server's schema, answers are data, and what they hold is bounded."""
    notes = tmp_path / "notes"
    tools = mcp_tools([_server(notes, only=("weather", "note", "page"), env={"MARK": "hunter2hunter2"})])
    by_name = _by_name(tools)
    assert {name: effect_of(tool) for name, tool in by_name.items()} == {
        "foreign_weather": "read",
        "foreign_note": "write",
        "foreign_page": "read",
    }
    replies = [
        _calls(("foreign_weather", {"town": "Bonn", "days": "two"})),
        _calls(("foreign_weather", {"city": "Bonn", "days": 2}), ("foreign_page", {})),
        _calls(("foreign_note", {"text": "rain"})),
        "It rains.",
    ]
    model = ScriptedChatModel(replies=replies)
    result = build_agent_graph(model, tools).invoke({"query": "How is the weather?"})
    wrong, weather, page, note = _answers(result)
    assert "`city`: field required" in wrong
    assert "`days`: type is integer" in wrong
    assert "rain in Bonn for 2 days" in weather
    assert "hunter2hunter2" not in weather
    assert "answer of page at foreign" in page
    assert SECRET not in page
    assert HIDDEN not in page
    assert "noted" in note
    assert notes.read_text() == "rain\n"
    assert result["final_answer"] == "It rains."


@pytest.mark.slow
async def test_whatever_goes_wrong_in_a_call_is_an_answer(tmp_path: Path) -> None:
    place = tmp_path / "process"
    only = ("hang", "leave", "fail", "picture", "odd name!")
    tools = _by_name(await amcp_tools([_server(place, only=only)]))
    hanging = asyncio.create_task(tools["foreign_hang"].ainvoke({}))
    while not (place.exists() and place.read_text()):
        await asyncio.sleep(0.05)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert not _lives(int(place.read_text()))
    assert "did not answer" in str(await tools["foreign_leave"].ainvoke({}))
    failed = str(await tools["foreign_fail"].ainvoke({}))
    assert "no page for" in failed
    assert SECRET not in failed
    text, image = await tools["foreign_picture"].ainvoke({})
    assert "a picture" in text["text"]
    assert (image["type"], image["mime_type"]) == ("image", "image/png")
    described = tools["foreign_odd_name_"].description
    assert "what the MCP server foreign says of it" in described
    assert HIDDEN not in described
    assert "odd" in str(await tools["foreign_odd_name_"].ainvoke({}))


def _lives(process: int) -> bool:
    for _ in range(600):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def test_a_server_that_does_not_answer_in_time_is_told() -> None:
    silent = McpServer(name="silent", command=sys.executable, args=("-c", "import time; time.sleep(600)"), seconds=0.3)
    with pytest.raises(UsageError, match="took too long"):
        mcp_tools([silent])


@pytest.mark.slow
def test_an_answer_of_50_megabytes_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tool,) = mcp_tools([_server(tmp_path / "notes", only=("flood",))])
    model = ScriptedChatModel(replies=[_calls(("foreign_flood", {})), "A lot."])
    (told,) = _answers(build_agent_graph(model, [tool]).invoke({"query": "?"}))
    assert "larger than 16,000,000 bytes" in told


def test_a_server_that_cannot_be_asked_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="could not be asked"):
        mcp_tools([McpServer(name="missing", command=str(tmp_path / "missing"))])
    with pytest.raises(UsageError, match="could not be asked"):
        mcp_tools([McpServer(name="gone", url="http://127.0.0.1:1/mcp")])
    with pytest.raises(UsageError, match="http, and everybody"):
        mcp_tools([McpServer(name="plain", url="http://mcp.example/mcp")])
    with pytest.raises(CredentialError, match="TOKEN_OF_THE_TEST"):
        mcp_tools([McpServer(name="far", url="https://mcp.example/mcp", token_from="TOKEN_OF_THE_TEST")])
    monkeypatch.setenv("TOKEN_OF_THE_TEST", "value-of-the-token")
    _, headers = McpServer(name="far", url="https://mcp.example/mcp", token_from="TOKEN_OF_THE_TEST").address()
    assert headers == {"Authorization": "Bearer value-of-the-token"}


def test_a_tool_that_is_not_there_is_told_and_hints_need_not_be_believed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no tool 'missing'"):
        mcp_tools([_server(tmp_path, only=("missing",))])
    (tool,) = mcp_tools([_server(tmp_path, only=("weather",), trust_hints=False)])
    assert effect_of(tool) == "write"


def test_servers_come_from_a_file_and_their_tools_into_a_spec(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(
        f"[tool.genloom.mcp.sky]\ncommand = {sys.executable!r}\nargs = [{PROGRAM!r}, 'x']\nonly = ['weather']\n"
    )
    toolbox = mcp_toolbox(read_mcp_servers(file))
    model = ScriptedChatModel(replies=[_calls(("sky_weather", {"city": "Bonn"})), "Rain."])
    spec = AgentSpec(name="forecaster", system_prompt="You tell the weather.", tools=("sky",))
    result = build_spec_graph(spec, toolbox, model=model).invoke({"query": "?"})
    assert "rain in Bonn" in _answers(result)[0]


@pytest.mark.parametrize("table", ["tool.genloom.mcp", "mcp"])
def test_a_file_of_any_name_holds_servers(tmp_path: Path, table: str) -> None:
    (tmp_path / "servers.toml").write_text(f"[{table}.sky]\ncommand = 'x'\n")
    assert read_mcp_servers(tmp_path / "servers.toml")["sky"].command == "x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no MCP servers"),
        ("[mcp.a]\n", "give either command or url"),
        ("[mcp.a]\ncommand = 'x'\nurl = 'https://a'\n", "give either command or url"),
        ("[mcp.a]\ncommand = 'x'\ntoken_from = 'T'\n", "for a server with a url"),
        ("[mcp.a]\ncommand = 'x'\ncolour = 1\n", "colour"),
        ("[mcp.'a b']\ncommand = 'x'\n", "a server's name"),
        ("[mcp]\na = 1\n", "is no table"),
        ("mcp = [", "is no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "servers.toml").write_text(text)
    with pytest.raises(UsageError, match=told):
        read_mcp_servers(tmp_path / "servers.toml")


@pytest.mark.slow
async def test_an_agent_works_with_genlooms_own_server_by_langchains_adapters(tmp_path: Path) -> None:
    """What a program of somebody else's does: `MultiServerMCPClient` and no helper of genloom's."""
    (tmp_path / "doubling.py").write_text("def double(number):\n    return number * 2\n")
    arguments = ["-m", "genloom", "mcp", "--repo", str(tmp_path)]
    started: Any = {"command": sys.executable, "args": arguments, "transport": "stdio", "env": dict(os.environ)}
    tools = await MultiServerMCPClient({"genloom": started}).get_tools()
    asked = {"path": "doubling.py", "examples": ["double(2) == 4"]}
    wrong = _calls(("verify", {"path": "doubling.py", "example": []}))
    model = ScriptedChatModel(replies=[wrong, _calls(("verify", asked)), "It doubles."])
    graph = build_agent_graph(model, [tool for tool in tools if tool.name == "verify"])
    result = await graph.ainvoke({"query": "Does it double?"})
    refused, verdict = _answers(result)
    assert "`example` is no argument of it" in refused
    assert "passed" in verdict
    assert result["final_answer"] == "It doubles."


def test_a_secret_across_a_cut_of_what_a_server_says_is_taken_out_whole() -> None:
    server, value = McpServer(name="far", url="https://mcp.example/mcp"), "hunter2hunter2hunter2"
    link = types.ResourceLink(type="resource_link", name="n", uri=AnyUrl("https://a.example/" + "x" * 1_970 + value))
    answer = bounded_answer(types.CallToolResult(content=[link]), server, "t", [value])
    failed = failed_answer(server, "x" * 1_990 + value, [value])
    described = _description("x" * 3_990 + value, server, [value])
    assert "hunter2" not in str([answer, failed, described])


def test_many_sessions_at_once(tmp_path: Path) -> None:
    (tool,) = mcp_tools([_server(tmp_path, only=("weather",))])

    async def ask() -> list[Any]:
        return await asyncio.gather(*(tool.ainvoke({"city": f"c{n}"}) for n in range(3)))

    assert [f"rain in c{n}" in str(answer) for n, answer in enumerate(asyncio.run(ask()))] == [True] * 3
