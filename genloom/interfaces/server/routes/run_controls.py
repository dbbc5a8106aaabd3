"""What is done to runs from outside: cancel, pause, and the flags of their pull requests."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from genloom.interfaces.server.routes.access import Runner, Server
from genloom.interfaces.server.routes.answers import shown
from genloom.interfaces.server.routes.bodies import body_of
from genloom.interfaces.server.routes.documented import ADDITION, NO_RUN, errors, takes
from genloom.interfaces.server.routes.told_run import found_run, told_run
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.storage import Wanted
from genloom.interfaces.server.storage.runs import AT_REST
from genloom.interfaces.server.webhooks.outbox import deliveries_for
from genloom.tools.codegen.wire import AgentRunResponse, ErrorBody, StopAgentRunInput

__all__ = ["router"]

router = APIRouter(prefix="/v1/organizations/{org_id}/agent/run", tags=["agents"])

ENDED = {409: ("The run has ended", ErrorBody)}
CONTROL: dict[str, Any] = {"response_model": AgentRunResponse, "responses": errors({**NO_RUN, **ENDED})}
FLAG: dict[str, Any] = {"responses": errors(NO_RUN), "openapi_extra": takes(StopAgentRunInput)}


@router.post("/{agent_run_id}/cancel", tags=[ADDITION], **CONTROL)
async def cancel_agent_run(agent_run_id: int, server: Server, principal: Runner) -> Response:
    """Stop a run for good. One that waits is `cancelled` at once, one that is worked on within seconds."""
    return await _want(server, principal, agent_run_id, "cancel")


@router.post("/{agent_run_id}/pause", tags=[ADDITION], **CONTROL)
async def pause_agent_run(agent_run_id: int, server: Server, principal: Runner) -> Response:
    """Hold a run after the step that it is at. `resume` lets it go on."""
    return await _want(server, principal, agent_run_id, "pause")


@router.post("/ban", **FLAG)
async def ban_checks(request: Request, server: Server, principal: Runner) -> Response:
    """Mark the run: its checks start no agents. Runs make no pull requests yet, so nothing else comes of it."""
    return await _flag(request, server, principal, "run.ban", checks_banned=True)


@router.post("/unban", **FLAG)
async def unban_checks(request: Request, server: Server, principal: Runner) -> Response:
    """Take the mark of `ban` away."""
    return await _flag(request, server, principal, "run.unban", checks_banned=False)


@router.post("/remove-from-pr", **FLAG)
async def remove_from_pr(request: Request, server: Server, principal: Runner) -> Response:
    """Mark the run as removed from its pull request. Runs make no pull requests yet, so nothing else comes of it."""
    return await _flag(request, server, principal, "run.remove_from_pr", removed_from_pr=True)


async def _want(server: Serving, principal: Principal, number: int, wanted: Wanted) -> Response:
    run = await found_run(server, principal.organization_id, number)
    status, summary = AT_REST[wanted]
    # sent only when nobody works on the run: otherwise its worker tells of it
    told = await deliveries_for(server.storage, run, status=status, result=None, summary=summary)
    changed = await server.storage.runs.want(principal.organization_id, run.id, wanted, deliveries=told)
    await server.record(principal, f"run.{wanted}", f"run {run.id}")
    return shown(told_run(server, changed or run))


async def _flag(request: Request, server: Serving, principal: Principal, action: str, **flags: bool) -> Response:
    asked = await body_of(request, StopAgentRunInput)
    run = await found_run(server, principal.organization_id, asked.agent_run_id)
    await server.storage.runs.set_flags(principal.organization_id, run.id, **flags)
    await server.record(principal, action, f"run {run.id}")
    return JSONResponse({})
