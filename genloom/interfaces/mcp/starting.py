"""`genloom mcp` itself: the tools put together, and served until the client goes or a signal comes."""

from __future__ import annotations

import asyncio
import re
import secrets
import shlex
import signal
from pathlib import Path
from typing import Any

from mcp.server.lowlevel import Server

from genloom.config import Settings, load_settings
from genloom.errors import UsageError
from genloom.interfaces.cli.inputs import find_folder
from genloom.interfaces.cli.terminal import put_text, tell
from genloom.interfaces.mcp.served_tools import served_tools
from genloom.interfaces.mcp.server import build_mcp_server
from genloom.portal import run_sync

__all__ = ["start"]

LEAST_TOKEN = 16
_HOST = "127.0.0.1"


def start(repository: str, *, write: bool, agents: bool, model: str | None, port: int | None) -> int:
    """Serve, and return the exit code. Raises `UsageError` for a folder, token or port that cannot be used."""
    settings = load_settings()
    folder = find_folder(repository)
    assert folder is not None
    tools = served_tools(Path(folder), settings, write=write, agents=agents, model=model)
    server = build_mcp_server(tools, secrets=settings.secrets)
    if port is None:
        from genloom.interfaces.mcp.stdio import serve_stdio

        run_sync(serve_stdio(server))
        return 0
    return _over_http(server, settings, folder, port)


def _over_http(server: Server[Any, Any], settings: Settings, folder: str, port: int) -> int:
    from genloom.interfaces.mcp.http import MCP_PATH, serve_http
    from genloom.interfaces.server.binding import bind

    token = settings.mcp_token or secrets.token_urlsafe(32)
    if not re.fullmatch(r"[!-~]+", token) or len(token) < LEAST_TOKEN:
        raise UsageError(
            "GENLOOM_MCP_TOKEN is too short, or holds what no header can carry.",
            hint=f"Give {LEAST_TOKEN} printable ASCII characters or more, or unset it: then one is made.",
        )
    listener = bind(_HOST, port)
    address = f"http://{_HOST}:{listener.getsockname()[1]}{MCP_PATH}"

    def ready() -> None:
        shown = '"$GENLOOM_MCP_TOKEN"' if settings.mcp_token else shlex.quote(token)
        put_text(f"export GENLOOM_MCP_URL={address}\nexport GENLOOM_MCP_TOKEN={shown}")
        tell(f"genloom mcp: ready at {address} for {folder}")

    with listener:
        came = asyncio.run(serve_http(server, listener, token=token, ready=ready))
    return 0 if came == signal.SIGTERM else 130
