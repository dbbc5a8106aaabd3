"""The organisation's webhook, and what was sent to it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from genloom.errors import AgentError
from genloom.interfaces.server.errors import refused
from genloom.interfaces.server.routes.access import Admin, Server
from genloom.interfaces.server.routes.answers import Asked, date, paged, shown
from genloom.interfaces.server.routes.asked_run import checked_address
from genloom.interfaces.server.routes.bodies import body_of
from genloom.interfaces.server.routes.documented import ADDITION, errors, takes
from genloom.interfaces.server.storage import DeliveryRecord
from genloom.tools.codegen.wire import (
    ErrorBody,
    Page,
    WebhookConfigRequest,
    WebhookConfigResponse,
    WebhookTestRequest,
    WireModel,
)

__all__ = ["DeliveryPage", "DeliveryResponse", "router"]

router = APIRouter(prefix="/v1/organizations/{org_id}/webhooks", tags=["organizations", ADDITION])

NOT_SENT = {502: ("The webhook's server did not take the test", ErrorBody), 501: ("No webhooks here", ErrorBody)}


class DeliveryResponse(WireModel):
    """A message to a webhook: delivered, given up (`failed_at`), or due again."""

    id: str
    agent_run_id: int
    event: str
    url: str
    attempts: int
    created_at: str
    due_at: str | None
    delivered_at: str | None
    failed_at: str | None
    last_status: int | None
    last_error: str | None


class DeliveryPage(Page[DeliveryResponse]):
    """One page of messages, newest first."""


@router.get("/agent-run", response_model=WebhookConfigResponse, responses=errors())
async def get_webhook(server: Server, principal: Admin) -> Response:
    """Return where the ends of runs are told to, and whether that is signed."""
    found = await server.storage.webhooks.get(principal.organization_id)
    if found is None:
        return shown(WebhookConfigResponse(url=None, enabled=False, has_secret=False))
    return shown(WebhookConfigResponse(url=found.url, enabled=found.enabled, has_secret=found.secret is not None))


@router.post("/agent-run", responses=errors(), openapi_extra=takes(WebhookConfigRequest))
async def set_webhook(request: Request, server: Server, principal: Admin) -> Response:
    """Set where the ends of runs are told to."""
    asked = await body_of(request, WebhookConfigRequest)
    checked_address(server, asked.url, asked.secret)
    await server.storage.webhooks.put(
        principal.organization_id, url=asked.url, secret=asked.secret, enabled=asked.enabled
    )
    await server.record(principal, "webhook.set", "webhook")
    return JSONResponse({})


@router.delete("/agent-run", responses=errors())
async def delete_webhook(server: Server, principal: Admin) -> Response:
    """Tell the ends of runs nowhere any more, save where runs name webhooks of their own."""
    await server.storage.webhooks.delete(principal.organization_id)
    await server.record(principal, "webhook.delete", "webhook")
    return JSONResponse({})


@router.post("/agent-run/test", responses=errors(NOT_SENT), openapi_extra=takes(WebhookTestRequest))
async def test_webhook(request: Request, server: Server, principal: Admin) -> Response:
    """Send a test, signed with the organisation's secret where it has one."""
    asked = await body_of(request, WebhookTestRequest)
    checked_address(server, asked.url, None)
    if server.send_test is None:
        raise refused(501, "This server sends no webhooks.")
    found = await server.storage.webhooks.get(principal.organization_id)
    try:
        await server.send_test(asked.url, found.secret if found else None)
    except AgentError:
        raise refused(502, "The webhook's server did not take the test.") from None
    await server.record(principal, "webhook.test", "webhook")
    return JSONResponse({})


@router.get("/deliveries", response_model=DeliveryPage, responses=errors())
async def list_deliveries(server: Server, principal: Admin, window: Asked) -> Response:
    """Return a page of what was sent, or is to be sent, to webhooks."""
    found, total = await server.storage.deliveries.page(principal.organization_id, skip=window.skip, limit=window.limit)
    return paged(DeliveryPage, [_told(one) for one in found], total, window)


def _told(one: DeliveryRecord) -> DeliveryResponse:
    return DeliveryResponse(
        id=one.id,
        agent_run_id=one.run_id,
        event=one.event,
        url=one.url,
        attempts=one.attempts,
        created_at=date(one.created_at),
        due_at=_date(one.due_at),
        delivered_at=_date(one.delivered_at),
        failed_at=_date(one.failed_at),
        last_status=one.last_status,
        last_error=one.last_error,
    )


def _date(seconds: float | None) -> str | None:
    return None if seconds is None else date(seconds)
