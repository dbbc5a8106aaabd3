"""Webhooks: all of this is an addition of the unconfirmed document of 2026-02."""

from __future__ import annotations

from pydantic import Field

from genloom.tools.codegen.wire.shape import WireInput, WireModel

__all__ = ["WebhookConfigRequest", "WebhookConfigResponse", "WebhookOverride", "WebhookTestRequest"]

MAX_URL_CHARACTERS = 2083


class WebhookOverride(WireInput):
    """A webhook for one run, in place of the organisation's. The secret signs what is sent and never shows in `repr`."""

    url: str
    secret: str | None = Field(default=None, repr=False)


class WebhookConfigRequest(WireInput):
    """The organisation's webhook for runs that end. The secret never shows in `repr`."""

    url: str = Field(min_length=1, max_length=MAX_URL_CHARACTERS)
    secret: str | None = Field(default=None, repr=False)
    enabled: bool = True


class WebhookConfigResponse(WireModel):
    """The organisation's webhook; the secret itself is never told."""

    url: str | None
    enabled: bool
    has_secret: bool


class WebhookTestRequest(WireInput):
    """Where a test payload shall go."""

    url: str = Field(min_length=1, max_length=MAX_URL_CHARACTERS)
