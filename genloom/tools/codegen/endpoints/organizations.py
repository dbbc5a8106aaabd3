"""Organisations, their users, integrations and rules."""

from __future__ import annotations

from collections.abc import AsyncIterator

from genloom.tools.codegen.endpoints.group import EndpointGroup, every_item, page_window
from genloom.tools.codegen.wire import (
    MAX_PAGE,
    CLIRulesResponse,
    ModelsResponse,
    OrganizationIntegrationsResponse,
    OrganizationPage,
    OrganizationResponse,
    UserPage,
    UserResponse,
)

__all__ = ["Integrations", "Models", "Organizations", "Rules", "Users"]


class Organizations(EndpointGroup):
    """The organisations that the token's owner belongs to."""

    async def list(self, *, limit: int = MAX_PAGE, skip: int = 0) -> OrganizationPage:
        """Return a page of organisations."""
        return await self._get(
            OrganizationPage, "/v1/organizations", "list the organisations", page_window(limit, skip)
        )

    def iterate(self, *, most: int | None = None) -> AsyncIterator[OrganizationResponse]:
        """Yield all organisations, `most` at most."""
        return every_item(lambda limit, skip: self.list(limit=limit, skip=skip), number=lambda one: one.id, most=most)


class Users(EndpointGroup):
    """The members of the organisation, and the token's owner."""

    async def me(self) -> UserResponse:
        """Return the token's owner."""
        return await self._get(UserResponse, "/v1/users/me", "read who the token belongs to")

    async def get(self, user_id: int) -> UserResponse:
        """Return one member. Raises `UsageError` when there is none of that number."""
        return await self._get(UserResponse, await self._path(f"/users/{int(user_id)}"), f"read user {int(user_id)}")

    async def list(self, *, limit: int = MAX_PAGE, skip: int = 0) -> UserPage:
        """Return a page of members."""
        return await self._get(UserPage, await self._path("/users"), "list the users", page_window(limit, skip))

    def iterate(self, *, most: int | None = None) -> AsyncIterator[UserResponse]:
        """Yield all members, `most` at most."""
        return every_item(lambda limit, skip: self.list(limit=limit, skip=skip), number=lambda one: one.id, most=most)


class Integrations(EndpointGroup):
    """What the organisation is connected to."""

    async def get(self) -> OrganizationIntegrationsResponse:
        """Return all connections, the inactive among them."""
        return await self._get(
            OrganizationIntegrationsResponse, await self._path("/integrations"), "read the integrations"
        )


class Rules(EndpointGroup):
    """What the organisation and the token's owner tell every agent."""

    async def get(self) -> CLIRulesResponse:
        """Return both texts; either may be `None`."""
        return await self._get(CLIRulesResponse, await self._path("/cli/rules"), "read the rules")


class Models(EndpointGroup):
    """The models that runs can name: an addition of 2026-02 that is not confirmed."""

    async def get(self) -> ModelsResponse:
        """Return all models by provider. Raises `UsageError` (`NotFoundError`) from a server that lacks the endpoint."""
        return await self._get(ModelsResponse, await self._path("/models"), "list the models")
