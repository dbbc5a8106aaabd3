"""Who may call a route: what the gate found out about the key, against the path's organisation and the route's role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from genloom.interfaces.server.errors import ApiError, refused
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.storage import Role
from genloom.tools.codegen.wire import PermissionsErrorResponse

__all__ = ["Admin", "Owner", "Runner", "Server", "Viewer"]


async def _serving(request: Request) -> Serving:
    serving: Serving = request.app.state.serving
    return serving


async def _owner(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


def _at_least(role: Role) -> Callable[[Request, int], Awaitable[Principal]]:
    async def principal(request: Request, org_id: int) -> Principal:
        found = await _owner(request)
        if org_id != found.organization_id:
            raise ApiError(403, PermissionsErrorResponse())
        if not found.may(role):
            raise refused(403, f"This key has the role {found.role}; this needs {role}.")
        return found

    return principal


Server = Annotated[Serving, Depends(_serving)]
"""What the routes share."""
Owner = Annotated[Principal, Depends(_owner)]
"""Any key, on a path without an organisation."""
Viewer = Annotated[Principal, Depends(_at_least("viewer"))]
"""A key of the path's organisation. Routes use its organisation, never the path's."""
Runner = Annotated[Principal, Depends(_at_least("runner"))]
"""A key that may start and change runs."""
Admin = Annotated[Principal, Depends(_at_least("admin"))]
"""A key that may change settings and webhooks."""
