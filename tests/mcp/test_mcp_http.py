"""MCP over HTTP in this process: a client that goes in the middle of its call."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Mapping

import httpx
from langchain_core.tools import tool

from genloom.interfaces.mcp.http import MCP_PATH, serve_http
from genloom.interfaces.mcp.server import build_mcp_server

TOKEN = "a-token-of-the-tests-0123456789"


async def test_a_client_that_goes_ends_its_call() -> None:
    begun, ended, ready = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @tool
    async def work() -> str:
        """Work."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}{MCP_PATH}"
        serving = asyncio.create_task(serve_http(build_mcp_server([work]), listener, token=TOKEN, ready=ready.set))
        await ready.wait()
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json, text/event-stream"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            opened = await client.post(address, json=_message("initialize", hello))
            client.headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
            await client.post(address, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
            call = _message("tools/call", {"name": "work", "arguments": {}})
            asking = asyncio.create_task(client.post(address, json=call))
            await begun.wait()
            assert not ended.is_set()
            asking.cancel()
            async with asyncio.timeout(30):
                await ended.wait()
            listed = await client.post(address, json=_message("tools/list", {}))
            told = next(line for line in listed.text.splitlines() if line.startswith("data: {"))
            assert json.loads(told.removeprefix("data: "))["result"]["tools"][0]["name"] == "work"
        os.kill(os.getpid(), signal.SIGTERM)
        assert await serving == signal.SIGTERM


def _message(method: str, parameters: Mapping[str, object]) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
