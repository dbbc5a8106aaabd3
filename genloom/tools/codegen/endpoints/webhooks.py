"""The organisation's webhook: an addition of 2026-02 that is not confirmed."""

from __future__ import annotations

from genloom.tools.codegen.endpoints.acknowledgement import Acknowledgement
from genloom.tools.codegen.endpoints.group import EndpointGroup
from genloom.tools.codegen.wire import WebhookConfigRequest, WebhookConfigResponse, WebhookTestRequest

__all__ = ["Webhooks"]

PATH = "/webhooks/agent-run"


class Webhooks(EndpointGroup):
    """Where the server tells of runs that ended. A server that lacks the endpoint answers `NotFoundError`."""

    async def get(self) -> WebhookConfigResponse:
        """Return the webhook; whether it has a secret is told, the secret is not."""
        return await self._get(WebhookConfigResponse, await self._path(PATH), "read the webhook")

    async def set(self, url: str, *, secret: str | None = None, enabled: bool = True) -> None:
        """Set the webhook; `secret` signs what is sent."""
        body = WebhookConfigRequest(url=url, secret=secret, enabled=enabled)
        await self._connection.call(Acknowledgement, "POST", await self._path(PATH), doing="set the webhook", body=body)

    async def delete(self) -> None:
        """Take the webhook away."""
        await self._connection.call(Acknowledgement, "DELETE", await self._path(PATH), doing="delete the webhook")

    async def test(self, url: str) -> None:
        """Let the server send a test to an address."""
        await self._connection.call(
            Acknowledgement,
            "POST",
            await self._path(f"{PATH}/test"),
            doing="test the webhook",
            body=WebhookTestRequest(url=url),
        )
