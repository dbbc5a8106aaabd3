"""The notice that a run has ended: its event, and its body as it waits in the outbox and as it is sent."""

from __future__ import annotations

import json

from genloom.tools.codegen.status import normalise_status
from genloom.tools.codegen.wire.runs import AgentRunResponse

__all__ = ["TEST_EVENT", "event_of", "notice_body", "sent_body"]

TEST_EVENT = "webhook.test"


def event_of(status: str) -> str:
    """Return the event that a run's status makes: `agent_run.completed`, `agent_run.failed`, …"""
    return f"agent_run.{normalise_status(status)}"


def notice_body(run: AgentRunResponse, event: str) -> str:
    """Return the JSON text that waits in the outbox: `{"event", "agent_run"}`, the run as the API tells of it."""
    return json.dumps({"event": event, "agent_run": run.model_dump(mode="json")})


def sent_body(body: str, *, delivery: str, web_url: str | None) -> bytes:
    """Return what is sent: the body with the delivery's id, the same for each repeat, and a fresh link to the run."""
    told = json.loads(body)
    told["delivery_id"] = delivery
    if web_url is not None and isinstance(told.get("agent_run"), dict):
        told["agent_run"]["web_url"] = web_url
    return json.dumps(told).encode()
