"""Registered repositories, and the settings of their check suites, which are kept and not acted upon yet."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from genloom.interfaces.server.errors import not_found
from genloom.interfaces.server.routes.access import Admin, Server, Viewer
from genloom.interfaces.server.routes.answers import Asked, paged, shown
from genloom.interfaces.server.routes.bodies import body_of
from genloom.interfaces.server.routes.documented import errors, takes
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.storage import RepoRecord
from genloom.tools.codegen.wire import (
    CheckSuiteSettingsRequest,
    CheckSuiteSettingsResponse,
    ErrorBody,
    RepoPage,
    RepoResponse,
)

__all__ = ["router"]

router = APIRouter(prefix="/v1/organizations/{org_id}/repos", tags=["repositories"])

MISSING = ErrorBody(message="Repository not found.", status_code=404)
NO_REPO = {404: ("The organisation has no such repository", ErrorBody)}
DEFAULTS = CheckSuiteSettingsResponse(
    check_retry_count=0,
    ignored_checks=(),
    check_retry_counts={},
    custom_prompts={},
    high_priority_apps=(),
    available_check_suite_names=(),
)
RepoId = Annotated[int, Query(description="Repository ID")]


@router.get("", response_model=RepoPage, responses=errors())
async def list_repos(server: Server, principal: Viewer, window: Asked) -> Response:
    """Return a page of the repositories that runs can work in."""
    repos, total = await server.storage.repos.page(principal.organization_id, skip=window.skip, limit=window.limit)
    return paged(RepoPage, [_told(repo) for repo in repos], total, window)


@router.get("/check-suite-settings", response_model=CheckSuiteSettingsResponse, responses=errors(NO_REPO))
async def get_check_suite_settings(repo_id: RepoId, server: Server, principal: Viewer) -> Response:
    """Return the settings as they were stored."""
    repo = await _found(server, principal, repo_id)
    return shown(CheckSuiteSettingsResponse.model_validate({**DEFAULTS.model_dump(), **(repo.check_suite or {})}))


@router.put("/check-suite-settings", responses=errors(NO_REPO), openapi_extra=takes(CheckSuiteSettingsRequest))
async def change_check_suite_settings(request: Request, repo_id: RepoId, server: Server, principal: Admin) -> Response:
    """Store settings; those that are `null` stay as they are."""
    asked = await body_of(request, CheckSuiteSettingsRequest)
    repo = await _found(server, principal, repo_id)
    settings = {**(repo.check_suite or {}), **asked.model_dump(mode="json", exclude_none=True)}
    if await server.storage.repos.change(principal.organization_id, repo.id, check_suite=settings) is None:
        raise not_found(MISSING)
    await server.record(principal, "repo.check_suite", f"repo {repo.id}")
    return JSONResponse({})


async def _found(server: Serving, principal: Principal, number: int) -> RepoRecord:
    repo = await server.storage.repos.get(principal.organization_id, number)
    if repo is None or repo.removed_at is not None:
        raise not_found(MISSING)
    return repo


def _told(repo: RepoRecord) -> RepoResponse:
    return RepoResponse(
        id=repo.id,
        name=repo.name,
        full_name=repo.full_name,
        description=None,
        github_id="",
        organization_id=repo.organization_id,
        visibility=None,
        archived=False,
        setup_status="COMPLETED",
        language=repo.language,
    )
