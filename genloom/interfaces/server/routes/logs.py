"""What a run did, a page at a time."""

from __future__ import annotations

from fastapi import APIRouter, Response

from genloom.interfaces.server.routes.access import Server, Viewer
from genloom.interfaces.server.routes.answers import Asked, counts, date, shown
from genloom.interfaces.server.routes.documented import NO_RUN, errors
from genloom.interfaces.server.routes.told_run import overview, run_fields
from genloom.interfaces.server.storage import LogRecord
from genloom.tools.codegen.wire import AgentRunLogResponse, AgentRunWithLogsResponse

__all__ = ["router", "told_entry"]

router = APIRouter(prefix="/v1/alpha/organizations/{org_id}/agent", tags=["agents"])

FIELDS = AgentRunLogResponse.model_fields.keys() - {"agent_run_id", "created_at"}


@router.get("/run/{agent_run_id}/logs", response_model=AgentRunWithLogsResponse, responses=errors(NO_RUN))
async def get_agent_run_logs(
    agent_run_id: int,
    server: Server,
    principal: Viewer,
    window: Asked,
    reverse: bool = False,
) -> Response:
    """Return the run with a page of its log, oldest entry first unless `reverse`."""
    run = await overview(server, principal.organization_id, agent_run_id)
    entries, total = await server.storage.logs.page(
        principal.organization_id, run.id, skip=window.skip, limit=window.limit, reverse=reverse
    )
    return shown(
        AgentRunWithLogsResponse(
            **run_fields(server, run),
            logs=tuple(told_entry(run.id, entry) for entry in entries),
            total_logs=total,
            **counts(total, window),
        )
    )


def told_entry(run_id: int, log: LogRecord) -> AgentRunLogResponse:
    """Return an entry as the API tells it; what is the server's own stays out."""
    known = {name: value for name, value in log.entry.items() if name in FIELDS}
    at = log.entry.get("at", log.created_at)  # entries are appended in batches, each has its own time
    return AgentRunLogResponse(agent_run_id=run_id, created_at=date(at), **known)
