"""The members of an organisation."""

from __future__ import annotations

from fastapi import APIRouter, Response

from genloom.interfaces.server.errors import not_found
from genloom.interfaces.server.routes.access import Owner, Server, Viewer
from genloom.interfaces.server.routes.answers import Asked, paged, shown
from genloom.interfaces.server.routes.documented import errors
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.storage import UserRecord
from genloom.tools.codegen.wire import UserNotFoundErrorResponse, UserPage, UserResponse

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["users"])

NO_USER = {404: ("Not Found", UserNotFoundErrorResponse)}


@router.get("/users/me", response_model=UserResponse, responses=errors(NO_USER))
async def get_me(server: Server, principal: Owner) -> Response:
    """Return the key's owner."""
    return shown(_told(await _found(server, principal, principal.user_id)))


@router.get("/organizations/{org_id}/users", response_model=UserPage, responses=errors())
async def list_users(server: Server, principal: Viewer, window: Asked) -> Response:
    """Return a page of the organisation's members."""
    users, total = await server.storage.users.page(principal.organization_id, skip=window.skip, limit=window.limit)
    return paged(UserPage, [_told(user) for user in users], total, window)


@router.get("/organizations/{org_id}/users/{user_id}", response_model=UserResponse, responses=errors(NO_USER))
async def get_user(user_id: int, server: Server, principal: Viewer) -> Response:
    """Return one member."""
    return shown(_told(await _found(server, principal, user_id)))


async def _found(server: Serving, principal: Principal, number: int) -> UserRecord:
    user = await server.storage.users.get(principal.organization_id, number)
    if user is None:
        raise not_found(UserNotFoundErrorResponse())
    return user


def _told(user: UserRecord) -> UserResponse:
    return UserResponse(
        id=user.id,
        github_user_id="",
        github_username=user.github_username or "",
        email=user.email,
        full_name=user.full_name,
        role=user.role,
        is_admin=user.role == "admin",
    )
