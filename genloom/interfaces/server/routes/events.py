"""A run as it happens: Server-Sent Events."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from genloom.interfaces.server.errors import invalid, refused
from genloom.interfaces.server.routes.access import Server, Viewer
from genloom.interfaces.server.routes.documented import ADDITION, NO_RUN, Responses, errors
from genloom.interfaces.server.routes.logs import told_entry
from genloom.interfaces.server.routes.told_run import overview, told_run
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.storage import RunOverview
from genloom.interfaces.server.streams import StreamsFullError, Update

__all__ = ["router"]

router = APIRouter(prefix="/v1/organizations/{org_id}/agent", tags=[ADDITION])

STREAM: Responses = {200: {"description": "Events `status` and `log`", "content": {"text/event-stream": {}}}}
HEARTBEAT = b": still here\n\n"
RETRY = b"retry: 2000\n\n"

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", description="The last log entry that was seen")]


@router.get("/run/{agent_run_id}/events", response_class=StreamingResponse, responses={**errors(NO_RUN), **STREAM})
async def follow_agent_run(
    agent_run_id: int, request: Request, server: Server, principal: Viewer, last_event_id: LastEventId = None
) -> Response:
    """Stream a run until it ends: an event `status` (a run, as the API tells of it) at first and at each change, an event
    `log` (an entry) for each step, whose id is its number. A client that sends back the last id gets what came after."""
    after = _number(last_event_id)
    run = await overview(server, principal.organization_id, agent_run_id)
    if server.draining:
        raise refused(503, "The server is about to stop.", headers={"Retry-After": "5"})
    try:
        server.streams.reserve()
    except StreamsFullError:
        raise refused(503, "The server has as many streams as it takes.", headers={"Retry-After": "10"}) from None
    return _Events(_Stream(server, run, after, request.headers.get("authorization", "")))


class _Events(StreamingResponse):
    """The answer; its place is given back whatever becomes of it."""

    def __init__(self, stream: _Stream) -> None:
        super().__init__(stream.events(), media_type="text/event-stream")
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.server.streams.release()


class _Stream:
    """One listener's events. Its key is looked at again whenever a heartbeat is due."""

    def __init__(self, server: Serving, run: RunOverview, after: int, authorization: str) -> None:
        self.server = server
        self._run = run
        self._after = after
        self._authorization = authorization
        self._heartbeat = server.settings.heartbeat_seconds

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the events as bytes."""
        streams, checked = self.server.streams, time.monotonic()
        yield RETRY
        async with aclosing(streams.updates(self._run, after=self._after, heartbeat=self._heartbeat)) as updates:
            async for update in updates:
                if time.monotonic() - checked >= self._heartbeat:
                    checked = time.monotonic()
                    if not await self.server.authentication.still_good(self._authorization):
                        return
                yield self._event(update)

    def _event(self, update: Update | None) -> bytes:
        if update is None:
            return HEARTBEAT
        if isinstance(update, RunOverview):
            return b"event: status\ndata: %b\n\n" % told_run(self.server, update).model_dump_json().encode()
        entry = told_entry(self._run.id, update).model_dump_json(exclude_none=True).encode()
        return b"id: %d\nevent: log\ndata: %b\n\n" % (update.number, entry)


def _number(last_event_id: str | None) -> int:
    text = (last_event_id or "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid((("header", "Last-Event-ID"), "The id is not one that this server gave."))
    return int(text)
