"""A storage with ended runs, whose messages wait in its outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from genloom.interfaces.server.storage import RunRecord, Storage
from genloom.interfaces.server.webhooks.outbox import deliveries_for
from genloom.tools.codegen.wire.runs import CreateAgentRunInput
from genloom.tools.codegen.wire.webhooks import WebhookOverride

SECRET = "a secret of some length"


@asynccontextmanager
async def open_storage(folder: Path) -> AsyncIterator[Storage]:
    """Open the storage in a folder."""
    async with Storage.open(f"sqlite:///{folder / 'server.db'}") as storage:
        yield storage


async def end_run(
    storage: Storage, *urls: str, secret: str | None = SECRET, organization: int = 1, user: int = 1
) -> RunRecord:
    """Accept a run, work on it and end it; its webhooks hear of it."""
    webhooks = tuple(WebhookOverride(url=url, secret=secret) for url in urls) or None
    asked = CreateAgentRunInput(prompt="Double a number", metadata={"mine": 1}, webhooks=webhooks)
    created, _ = await storage.runs.create(organization, user, asked, graph="generation", most_queued=1000)
    run = await storage.runs.lease("a worker")
    assert run is not None
    assert run.id == created.id
    told = await deliveries_for(storage, run, status="completed", result="code", summary="passed")
    assert await storage.runs.finish(
        run.id, run.lease_epoch, status="completed", result="code", summary="passed", deliveries=told
    )
    return run
