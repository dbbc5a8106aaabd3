"""Whether the server lives, and whether it can take work."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from genloom.errors import GenloomError
from genloom.interfaces.server.routes.access import Server
from genloom.interfaces.server.serving import Serving

__all__ = ["router"]

router = APIRouter(tags=["additions"])

FRESH_SECONDS = 1.0
DATABASE_SECONDS = 3.0


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz() -> Response:
    """Answer: the process lives."""
    return JSONResponse({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", responses={503: {"description": "Not ready: `checks` says why"}})
async def readyz(server: Server) -> Response:
    """Answer 200 when the server can take runs and tell of them, 503 when a part of it cannot or it drains."""
    now = time.monotonic()
    if server.readiness is None or now - server.readiness[0] > FRESH_SECONDS:  # anybody may ask, as often as they like
        server.readiness = now, await _checks(server)
    checks = {**server.readiness[1], "audit": server.audited, "open": not server.draining}
    ready = all(checks.values())
    return JSONResponse({"status": "ready" if ready else "unready", "checks": checks}, 200 if ready else 503)


async def _checks(server: Serving) -> dict[str, bool]:
    return {
        "database": await _database_answers(server),
        "disk": await asyncio.to_thread(_disk_takes, server),
        "workers": server.workers_alive(),
        "webhooks": server.webhooks_alive(),
        "streams": server.streams.well,
    }


async def _database_answers(server: Serving) -> bool:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await server.storage.check()
    except (GenloomError, TimeoutError):
        return False
    return True


def _disk_takes(server: Serving) -> bool:
    probe = server.settings.data / ".writable"
    try:
        probe.write_bytes(b"x" * 4096)
        probe.unlink(missing_ok=True)
    except OSError:
        return False
    return True
