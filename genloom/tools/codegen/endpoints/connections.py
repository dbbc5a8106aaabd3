"""What a user's account is connected to: tool providers, their tokens at the server, Slack."""

from __future__ import annotations

from pydantic import RootModel

from genloom.tools.codegen.endpoints.acknowledgement import Acknowledgement
from genloom.tools.codegen.endpoints.group import EndpointGroup
from genloom.tools.codegen.wire import GenerateTokenRequest, GenerateTokenResponse, OAuthProviderResponse

__all__ = ["AccountConnections"]


class _Providers(RootModel[tuple[OAuthProviderResponse, ...]]):
    """The documented answer is a bare list."""


class AccountConnections(EndpointGroup):
    """The connections of the token's owner."""

    async def mcp_providers(self) -> tuple[OAuthProviderResponse, ...]:
        """Return the providers of tools that can be signed in to."""
        return (await self._get(_Providers, "/v1/mcp-providers", "list the tool providers")).root

    async def oauth_status(self) -> object:
        """Return which providers are signed in to, as the server's own JSON: the documents leave its shape open."""
        params = {"org_id": await self._own_organization()}
        return (await self._get(Acknowledgement, "/v1/oauth/tokens/status", "read the sign-ins", params)).root

    async def revoke_oauth(self, provider: str) -> None:
        """Sign out of a provider, in this organisation."""
        await self._connection.call(
            Acknowledgement,
            "POST",
            "/v1/oauth/tokens/revoke",
            doing="sign out of a provider",
            params={"provider": provider, "org_id": await self._own_organization()},
        )

    async def slack_connect_token(self) -> GenerateTokenResponse:
        """Return a token that connects a Slack workspace to the organisation once."""
        return await self._connection.call(
            GenerateTokenResponse,
            "POST",
            "/v1/slack-connect/generate-token",
            doing="make a token for Slack",
            body=GenerateTokenRequest(org_id=await self._own_organization()),
        )
