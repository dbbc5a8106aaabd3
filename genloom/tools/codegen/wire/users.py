"""Users."""

from __future__ import annotations

from genloom.tools.codegen.wire.page import Page
from genloom.tools.codegen.wire.shape import WireModel

__all__ = ["UserPage", "UserResponse"]


class UserResponse(WireModel):
    """A member of an organisation."""

    id: int
    github_user_id: str
    github_username: str
    email: str | None = None
    avatar_url: str | None = None
    full_name: str | None = None
    role: str | None = None
    is_admin: bool | None = None


class UserPage(Page[UserResponse]):
    """One page of users."""
