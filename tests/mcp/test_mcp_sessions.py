"""What a hostile MCP server sends over HTTP: a server on this machine that packs its answers."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from genloom.tools.mcp import McpServer, amcp_tools

RESULTS: dict[str, Any] = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "x", "version": "1"},
    },
    "tools/list": {"tools": [{"name": "t", "inputSchema": {"type": "object"}}]},
    "tools/call": {"content": [{"type": "text", "text": "a" * 20_000_000}]},
}


class _Packing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str]

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(405, b"")

    def do_DELETE(self) -> None:
        self._answer(405, b"")

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(self.headers.get("Accept-Encoding", ""))
        if "id" not in message:
            self._answer(202, b"")
            return
        method = message["method"]
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": RESULTS[method]}).encode()
        self._answer(200, body, packed=method == "tools/call")

    def _answer(self, status: int, body: bytes, *, packed: bool = False) -> None:
        sent = gzip.compress(body) if packed else body
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(sent)


@pytest.fixture
def packing() -> Iterator[ThreadingHTTPServer]:
    _Packing.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Packing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


async def test_a_packed_answer_is_not_asked_for_and_not_unpacked(packing: ThreadingHTTPServer) -> None:
    server = McpServer(name="x", url=f"http://127.0.0.1:{packing.server_port}/mcp", seconds=30)
    (tool,) = await amcp_tools([server])
    answer = str(await tool.ainvoke({}))
    assert "its answer is packed (gzip)" in answer
    assert set(_Packing.asked) == {"identity"}
