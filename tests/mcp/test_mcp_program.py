"""`genloom mcp` as a process, asked by the official client over both transports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

READING = {
    *("search_code", "read_symbol", "reveal_symbol", "list_directory", "view_file"),
    *("run_python", "search_program", "generate", "verify", "review", "run_tests", "lint", "security_scan", "git_diff"),
}
WRITING = {"create_file", "edit_file", "rename_file", "delete_file", "move_symbol", "git_commit"}
MODULE = "def double(number: int) -> int:\n    return number * 2\n"
TOKEN = "a-token-of-the-tests-0123456789"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "doubling.py").write_text(MODULE)
    return folder


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


@asynccontextmanager
async def _over_stdio(repository: Path, *options: str) -> AsyncIterator[ClientSession]:
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "genloom", "mcp", "--repo", str(repository), *options],
        env=_environment(),
    )
    async with stdio_client(parameters) as (reading, writing), ClientSession(reading, writing) as session:
        await session.initialize()
        yield session


def _text(result: types.CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, types.TextContent))


@pytest.mark.slow
async def test_a_client_reads_the_repository_and_has_code_written_and_checked(repository: Path) -> None:
    told: list[str | None] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async with _over_stdio(repository) as session:
        listed = (await session.list_tools()).tools
        assert {each.name for each in listed} == READING
        assert all(each.annotations is not None and each.annotations.readOnlyHint for each in listed)

        assert "return number * 2" in _text(await session.call_tool("view_file", {"path": "doubling.py"}))
        outside = await session.call_tool("view_file", {"path": "../secret"})
        assert outside.isError
        assert outside.structuredContent is not None
        assert outside.structuredContent["error"]["type"] == "UsageError"

        triple = ["triple(1) == 3", "triple(-4) == -12", "triple(10) == 30", "triple(7) == 21"]
        asked = {"prompt": "Triple a number", "examples": triple}
        made = await session.call_tool("generate", asked, progress_callback=heard)
        assert "\npassed: triple" in _text(made)
        assert "def triple(" in _text(made)
        assert any(told)
        checked = {"path": "doubling.py", "examples": ["double(2) == 5"]}
        assert "failed" in _text(await session.call_tool("verify", checked))
        assert (repository / "doubling.py").read_text() == MODULE
        assert [each.name for each in repository.iterdir()] == ["doubling.py"]


@pytest.mark.slow
async def test_files_change_only_where_that_was_asked_for(repository: Path) -> None:
    async with _over_stdio(repository, "--write") as session:
        tools = {each.name: each for each in (await session.list_tools()).tools}
        assert set(tools) >= READING | WRITING
        for name in WRITING:
            annotations = tools[name].annotations
            assert annotations is not None
            assert (annotations.readOnlyHint, annotations.destructiveHint) == (False, True)
        edit = {"path": "doubling.py", "old": "number * 2", "new": "number + number"}
        assert not (await session.call_tool("edit_file", edit)).isError
        refused = await session.call_tool("create_file", {"path": ".git/hooks/post-commit", "text": "true"})
        assert refused.isError
    assert "number + number" in (repository / "doubling.py").read_text()


def _message(number: int, method: str, **parameters: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})


def _opening() -> list[str]:
    client = {"name": "test", "version": "1"}
    hello = _message(1, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
    return [hello, json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"})]


@pytest.mark.slow
def test_standard_output_holds_the_protocol_alone_and_the_end_of_the_input_ends_it(repository: Path) -> None:
    """Whatever is sent: lines that are no message, or no text, and a call whose program prints."""
    call = _message(2, "tools/call", name="run_python", arguments={"code": "print('printed')"})
    server = subprocess.Popen(
        [sys.executable, "-m", "genloom", "mcp", "--repo", str(repository)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        for line in (b"no message", b"\xff\xfe\x00", b"", b"[]", *(text.encode() for text in [*_opening(), call])):
            server.stdin.write(line + b"\n")
        server.stdin.flush()
        answers: list[Any] = []
        while not any(answer.get("id") == 2 for answer in answers):
            answers.append(json.loads(server.stdout.readline()))
        server.stdin.close()
        assert server.stdout.read() == b""
        assert server.wait(60) == 0
    answer = next(answer for answer in answers if answer.get("id") == 2)
    assert "printed" in answer["result"]["content"][0]["text"]


@pytest.mark.slow
def test_a_signal_ends_it_while_the_client_is_silent(repository: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "genloom", "mcp", "--repo", str(repository)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        text=True,
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("\n".join(_opening()) + "\n")
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["id"] == 1
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 128 + signal.SIGTERM


@pytest.mark.slow
@pytest.mark.parametrize("reading", ["closed", "never"])
def test_a_client_that_does_not_read_ends_it(repository: Path, reading: str) -> None:
    """Its reading end is closed first, or is open and nobody reads more answers than a pipe holds."""
    server = subprocess.Popen(
        [sys.executable, "-m", "genloom", "mcp", "--repo", str(repository)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        text=True,
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        server.stdin.write("\n".join(_opening()) + "\n")
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["id"] == 1
        if reading == "closed":
            server.stdout.close()
        server.stdin.write("".join(_message(number, "tools/list") + "\n" for number in range(2, 40)))
        server.stdin.flush()
        if reading == "never":
            server.stdin.close()
        assert server.wait(60) == 0
        assert "Traceback" not in (told := server.stderr.read())
        assert "bug" not in told


@contextmanager
def _over_http(repository: Path) -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "genloom", "mcp", "--repo", str(repository), "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(GENLOOM_MCP_TOKEN=TOKEN),
        text=True,
    )
    with server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert TOKEN not in line + server.stdout.readline()
        try:
            yield line.strip().removeprefix("export GENLOOM_MCP_URL=")
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0


@pytest.mark.slow
async def test_over_http_the_token_and_the_own_machine_are_demanded(repository: Path) -> None:
    with _over_http(repository) as address:
        assert address.startswith("http://127.0.0.1:")
        hello = json.loads(_opening()[0])
        kinds = {"accept": "application/json, text/event-stream"}
        right = {**kinds, "authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient() as client:
            for wrong in (
                {},
                {"authorization": "Bearer other"},
                {"authorization": TOKEN},
                {"authorization": "Bearer é"},
            ):
                sent = {**kinds, **wrong}
                refused = await client.post(address, json=hello, headers={k: v.encode() for k, v in sent.items()})
                assert refused.status_code == 401
            for foreign in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
                refused = await client.post(address, json=hello, headers={**right, **foreign})
                assert refused.status_code in (403, 421)
            assert (await client.get(address.replace("/mcp", "/other"), headers=right)).status_code == 404
        sent = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            httpx.AsyncClient(headers=sent, timeout=60) as client,
            streamable_http_client(address, http_client=client) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            assert "doubling.py" in _text(await session.call_tool("list_directory", {}))


def test_without_the_package_it_says_what_to_install(repository: Path) -> None:
    program = f"""
import sys
sys.modules["mcp"] = None
from genloom.interfaces.cli.main import run
run(["mcp", "--repo", {str(repository)!r}])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=_environment())
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'genloom[mcp]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [("--repo", "missing"), ("--port", "70000")])
def test_what_cannot_be_served_is_told(repository: Path, options: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "genloom", "mcp", *options], capture_output=True, text=True, env=_environment()
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
