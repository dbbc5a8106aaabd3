"""What an organisation is connected to, and the providers that it could be connected to."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from genloom.tools.codegen.wire.shape import WireInput, WireModel

__all__ = [
    "GenerateTokenRequest",
    "GenerateTokenResponse",
    "IntegrationStatus",
    "OAuthProviderResponse",
    "OrganizationIntegrationsResponse",
]


class IntegrationStatus(WireModel):
    """One connection of an organisation."""

    integration_type: str
    active: bool
    token_id: int | None = None
    installation_id: int | None = None
    metadata: dict[str, Any] | None = None  # Any: the integration's own JSON


class OrganizationIntegrationsResponse(WireModel):
    """All connections of an organisation."""

    organization_id: int
    organization_name: str
    integrations: tuple[IntegrationStatus, ...]
    total_active_integrations: int


class OAuthProviderResponse(WireModel):
    """A provider of tools that a user can sign in to."""

    id: int
    name: str
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    default_scopes: tuple[str, ...] | None
    is_mcp: bool
    meta: dict[str, Any] | None = None  # Any: the provider's own JSON


class GenerateTokenRequest(WireInput):
    """The organisation that a Slack workspace shall be connected to."""

    org_id: int


class GenerateTokenResponse(WireModel):
    """A token that connects a Slack workspace once; it never shows in `repr`."""

    token: str = Field(repr=False)
    message: str
    expires_in_minutes: int
