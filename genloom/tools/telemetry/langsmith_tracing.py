"""Tracing with LangSmith, when LangSmith's own environment variables ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from genloom.config import Settings
from genloom.events import EventEmitter, Note, ignore_events

if TYPE_CHECKING:
    from genloom.tools.telemetry.redacting_client import RedactingClient

__all__ = ["atracing", "tracing"]


@contextmanager
def tracing(settings: Settings, *, warn: EventEmitter = ignore_events) -> Iterator[None]:
    """Trace what runs inside the block, when `settings.langsmith_tracing` is set; else do nothing and import nothing.

    All of a trace is redacted before it leaves: names, inputs, outputs, metadata, tags and errors. At the end of the
    block what is left is sent for a bounded time; what the server did not take by then is dropped. Tracing never fails
    the run: where it cannot start, `warn` gets a `Note`.
    """
    client = _client(settings, warn)
    if client is None:
        yield
        return
    try:
        with _traced_by(client):
            yield
    finally:
        client.finish()


@asynccontextmanager
async def atracing(settings: Settings, *, warn: EventEmitter = ignore_events) -> AsyncIterator[None]:
    """As `tracing`, for a task: the event loop goes on while the end of the block waits for the server."""
    client = _client(settings, warn)
    if client is None:
        yield
        return
    try:
        with _traced_by(client):
            yield
    finally:
        await asyncio.to_thread(client.finish)


def _client(settings: Settings, warn: EventEmitter) -> RedactingClient | None:
    if not settings.langsmith_tracing:
        return None
    from langsmith.utils import LangSmithError  # imported here: what is off costs nothing

    from genloom.tools.security import Redactor
    from genloom.tools.telemetry.redacting_client import RedactingClient

    try:
        return RedactingClient(Redactor(secrets=settings.secrets))
    except LangSmithError as error:
        warn(Note(message=f"This run is not traced: {error}", level="warning"))
        return None


def _traced_by(client: RedactingClient) -> AbstractContextManager[None]:
    from langsmith.run_helpers import tracing_context

    return tracing_context(enabled=True, client=client)
