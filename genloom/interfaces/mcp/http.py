"""MCP over streamable HTTP, on this machine alone and for who has the token."""

from __future__ import annotations

import asyncio
import hmac
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genloom.errors import StorageError
from genloom.interfaces.mcp.server import CLIENT_GONE

__all__ = ["MCP_PATH", "serve_http"]

MCP_PATH = "/mcp"
IDLE_SECONDS = 600.0
MAX_SESSIONS = 64
DRAIN_SECONDS = 5


async def serve_http(
    server: Server[Any, Any], listener: socket.socket, *, token: str, ready: Callable[[], None]
) -> int:
    """Serve clients that send the token until a signal comes; return the signal's number.

    `listener` is bound to this machine. Requests under another host's name, or from a page of another origin, are refused,
    so that no page in a browser reaches the tools. Raises `StorageError` when the server cannot go on.
    """
    manager = StreamableHTTPSessionManager(
        app=server,
        security_settings=_of_this_machine(listener.getsockname()[1]),
        session_idle_timeout=IDLE_SECONDS,
        max_sessions=MAX_SESSIONS,
    )
    config = uvicorn.Config(
        _Guarded(manager.handle_request, token),
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    stop, came = asyncio.Event(), list[int]()

    def take(number: int) -> None:
        came.append(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, take, number)
    running = _Server(config, ready)
    async with manager.run():
        serving = asyncio.create_task(running.serve(sockets=[listener]), name="genloom-mcp")
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
    running.should_exit = True
    await serving
    if not came:
        raise StorageError("The server ended by itself.", hint="GENLOOM_DEBUG=1 shows why.")
    return came[0]


def _of_this_machine(port: int) -> TransportSecuritySettings:
    names = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
    )


class _Guarded:
    """Lets through requests for the one path that hold the token, and tells their calls when who asked is gone."""

    def __init__(self, application: ASGIApp, token: str) -> None:
        self._application, self._expected = application, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._expected):
            refused = PlainTextResponse(
                "A token is needed: send it as `Authorization: Bearer …`.\n",
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await refused(scope, receive, send)
        elif scope["path"].rstrip("/") != MCP_PATH:
            await PlainTextResponse(f"MCP is served at {MCP_PATH}.\n", status_code=404)(scope, receive, send)
        else:
            gone = asyncio.Event()

            async def hearing() -> Message:
                message = await receive()
                if message["type"] == "http.disconnect":
                    gone.set()
                return message

            await self._application({**scope, CLIENT_GONE: gone}, hearing, send)


class _Server(uvicorn.Server):
    """Tells when it serves, and leaves signals to whoever started it."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
