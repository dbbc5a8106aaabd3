"""Agent runs: made, shown, listed, resumed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from genloom.interfaces.server.routes.access import Runner, Server, Viewer
from genloom.interfaces.server.routes.answers import Asked, paged, shown
from genloom.interfaces.server.routes.asked_run import checked_creation, checked_follow_up, checked_resumption
from genloom.interfaces.server.routes.bodies import body_of
from genloom.interfaces.server.routes.documented import NO_RUN, errors, takes
from genloom.interfaces.server.routes.told_run import found_run, overview, told_run
from genloom.tools.codegen.wire import (
    SOURCE_TYPES,
    AgentRunPage,
    AgentRunResponse,
    CreateAgentRunInput,
    ErrorBody,
    NoReposFoundInOrgErrorResponse,
    ResumeAgentRunInput,
)

__all__ = ["router"]

router = APIRouter(prefix="/v1/organizations/{org_id}/agent", tags=["agents"])

NO_REPO = {404: ("The organisation has no such repository", NoReposFoundInOrgErrorResponse)}
ACTIVE = {409: ("The run is still active", ErrorBody)}
SourceType = Annotated[str | None, Query(pattern=f"^({'|'.join(SOURCE_TYPES)})$")]


@router.post(
    "/run", response_model=AgentRunResponse, responses=errors(NO_REPO), openapi_extra=takes(CreateAgentRunInput)
)
async def create_agent_run(request: Request, server: Server, principal: Runner) -> Response:
    """Create a run. It is accepted once this answers: with status `queued`, or as it is by now when the organisation has a
    run of the same `metadata.idempotency_key`."""
    asked = await body_of(request, CreateAgentRunInput)
    graph = await checked_creation(server, asked)
    run, created = await server.storage.runs.create(
        principal.organization_id, principal.user_id, asked, graph=graph, most_queued=server.settings.queue
    )
    await server.record(principal, "run.create" if created else "run.repeat", f"run {run.id}")
    return shown(told_run(server, run))


@router.get("/run/{agent_run_id}", response_model=AgentRunResponse, responses=errors(NO_RUN))
async def get_agent_run(agent_run_id: int, server: Server, principal: Viewer) -> Response:
    """Return a run: its status, its result and summary once it has ended, and a link to its page."""
    return shown(told_run(server, await overview(server, principal.organization_id, agent_run_id)))


@router.get("/runs", response_model=AgentRunPage, responses=errors())
async def list_agent_runs(
    server: Server,
    principal: Viewer,
    window: Asked,
    user_id: int | None = None,
    source_type: SourceType = None,
) -> Response:
    """Return a page of the organisation's runs, newest first, of one user or source where asked for."""
    runs, total = await server.storage.runs.page(
        principal.organization_id, skip=window.skip, limit=window.limit, user_id=user_id, source_type=source_type
    )
    return paged(AgentRunPage, [told_run(server, run) for run in runs], total, window)


@router.post(
    "/run/resume",
    response_model=AgentRunResponse,
    responses=errors({**NO_RUN, **ACTIVE}),
    openapi_extra=takes(ResumeAgentRunInput),
)
async def resume_agent_run(request: Request, server: Server, principal: Runner) -> Response:
    """Let a paused run go on, or follow up on one that has ended."""
    asked = await body_of(request, ResumeAgentRunInput)
    checked_resumption(server, asked)
    before = await found_run(server, principal.organization_id, asked.agent_run_id)
    await checked_follow_up(server, before, asked)
    run = await server.storage.runs.resume(
        principal.organization_id, before.id, asked, most_queued=server.settings.queue
    )
    await server.record(principal, "run.resume", f"run {before.id}")
    return shown(told_run(server, run or before))
