"""What the API's documents have and this server has not: answered 501."""

from __future__ import annotations

from fastapi import APIRouter, Response

from genloom.interfaces.server.errors import refused
from genloom.interfaces.server.routes.access import Owner, Viewer
from genloom.interfaces.server.routes.documented import errors
from genloom.tools.codegen.wire import ErrorBody

__all__ = ["UNSERVED", "router"]

ORGANIZATION = "/v1/organizations/{org_id}"
UNSERVED: tuple[tuple[str, str], ...] = (
    ("PATCH", f"{ORGANIZATION}/prs/{{pr_id}}"),
    ("PATCH", f"{ORGANIZATION}/repos/{{repo_id}}/prs/{{pr_id}}"),
    ("GET", f"{ORGANIZATION}/integrations"),
    ("POST", f"{ORGANIZATION}/setup-commands/generate"),
    ("POST", f"{ORGANIZATION}/sandbox/{{sandbox_id}}/analyze-logs"),
    ("GET", "/v1/mcp-providers"),
    ("GET", "/v1/oauth/tokens/status"),
    ("POST", "/v1/oauth/tokens/revoke"),
    ("POST", "/v1/slack-connect/generate-token"),
)
"""Methods and paths, as the documents have them."""

router = APIRouter()


async def _of_organization(principal: Viewer) -> Response:
    raise _not_served()


async def _of_anybody(principal: Owner) -> Response:
    raise _not_served()


def _not_served() -> Exception:
    return refused(501, "This server does not serve this part of the API.")


for _method, _path in UNSERVED:
    router.add_api_route(
        _path,
        _of_organization if "{org_id}" in _path else _of_anybody,
        methods=[_method],
        responses=errors({501: ("Not served", ErrorBody)}),
        tags=["unserved"],
        summary="Not served",
        operation_id=f"unserved_{_method}_{_path}".translate(str.maketrans("/{}-", "____")).lower(),
    )
