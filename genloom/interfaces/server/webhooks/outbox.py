"""What a run's end puts into the outbox: one message for each webhook that shall hear of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from genloom.interfaces.server.storage.records import NewDelivery, RunRecord, RunStatus
from genloom.interfaces.server.webhooks.notice import event_of, notice_body
from genloom.tools.codegen.wire.runs import AgentRunResponse

if TYPE_CHECKING:
    from genloom.interfaces.server.storage import Storage

__all__ = ["deliveries_for"]


async def deliveries_for(
    storage: Storage, run: RunRecord, *, status: RunStatus, result: str | None, summary: str | None
) -> tuple[NewDelivery, ...]:
    """Return the messages that tell that the run ended so: to the run's own webhooks, else to its organisation's when
    that is enabled. `runs.finish` stores them together with the end itself."""
    event = event_of(status)
    told = AgentRunResponse(
        id=run.id,
        organization_id=run.organization_id,
        status=status,
        created_at=datetime.fromtimestamp(run.created_at, UTC).isoformat(),
        result=result,
        summary=summary,
        metadata=run.metadata,
        source_type=run.source_type,
        github_pull_requests=(),
    )
    body = notice_body(told, event)
    return tuple(
        NewDelivery(id=str(uuid.uuid4()), event=event, url=url, secret=secret, body=body)
        for url, secret in dict(await _targets(storage, run)).items()
    )


async def _targets(storage: Storage, run: RunRecord) -> Iterable[tuple[str, str | None]]:
    """Each address with its secret; of two with one address the last counts, since an address hears of an end once."""
    if run.webhooks is not None:
        return [(str(webhook["url"]), webhook.get("secret")) for webhook in run.webhooks]
    webhook = await storage.webhooks.get(run.organization_id)
    return [(webhook.url, webhook.secret)] if webhook is not None and webhook.enabled else []
