"""A run as the API tells of it."""

from __future__ import annotations

from typing import Any

from genloom.interfaces.server.errors import not_found
from genloom.interfaces.server.routes.answers import date
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.storage import RunOverview, RunRecord
from genloom.tools.codegen.wire import AgentRunNotFoundErrorResponse, AgentRunResponse
from genloom.tools.codegen.wire.runs import FITTED_FIELD

__all__ = ["found_run", "overview", "run_fields", "told_run"]


def told_run(serving: Serving, run: RunOverview) -> AgentRunResponse:
    """Return the run with a fresh link to its page. Runs make no pull requests yet."""
    return AgentRunResponse(
        **run_fields(serving, run),
        summary=run.summary,
        source_type=run.source_type,
        github_pull_requests=(),
    )


def run_fields(serving: Serving, run: RunOverview) -> dict[str, Any]:  # Any: fields of several types
    """Return what the API tells of a run wherever it tells of one."""
    return {
        "id": run.id,
        "organization_id": run.organization_id,
        "status": run.status,
        "created_at": date(run.created_at),
        "web_url": serving.web_url(run.organization_id, run.id),
        "result": run.result,
        "metadata": run.metadata,
        **({FITTED_FIELD: run.fitted} if run.fitted is not None else {}),
    }


async def overview(serving: Serving, organization: int, number: int) -> RunOverview:
    """Return what is told of an organisation's run. Raises `ApiError` (404) as `found_run`."""
    run = await serving.lookups.get(organization, number)
    if run is None:
        raise not_found(AgentRunNotFoundErrorResponse())
    return run


async def found_run(serving: Serving, organization: int, number: int) -> RunRecord:
    """Return an organisation's run, whole. Raises `ApiError` (404) for all others, whether they exist or not."""
    run = await serving.storage.runs.get(organization, number)
    if run is None:
        raise not_found(AgentRunNotFoundErrorResponse())
    return run
