"""How the server listens: uvicorn with connections that cannot be held for nothing, and an end that drains."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from genloom.interfaces.server.admission.connections import guarded_connection
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.settings import ServerSettings

__all__ = ["ApiServer", "server_config"]

KEEP_ALIVE_SECONDS = 30
BACKLOG = 1024


def server_config(app: FastAPI, settings: ServerSettings) -> uvicorn.Config:
    """Return uvicorn's configuration for the application: no access log, since paths of pages are secrets."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=guarded_connection(
            head_seconds=settings.head_seconds,
            stall_seconds=settings.stall_seconds,
            at_once=settings.connections,
        ),
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="error",  # what clients do wrong is no matter of the operator's log
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.drain_seconds),
    )


class ApiServer(uvicorn.Server):
    """A server that turns unready and ends its event streams before it waits for its connections to close."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then close as uvicorn does."""
        serving: Serving = self.config.loaded_app.state.serving
        serving.drain()
        await super().shutdown(sockets)
