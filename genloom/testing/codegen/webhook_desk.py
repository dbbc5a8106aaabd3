"""Webhooks of the server for tests: who wants to be told of runs that end, and the telling.

All of it is an addition of the unconfirmed document of 2026-02, which names neither payload nor
signature: those are genloom's own. Nothing is sent anywhere but to this machine.
"""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

from genloom.testing.codegen.call import Call, Refusal, refusal, shown
from genloom.testing.codegen.clock import ServerClock
from genloom.testing.codegen.run_book import RunBook
from genloom.testing.codegen.served_run import ServedRun
from genloom.testing.exchange import Answer
from genloom.tools.codegen.signature import signature_headers
from genloom.tools.codegen.wire import (
    WebhookConfigRequest,
    WebhookConfigResponse,
    WebhookOverride,
    WebhookTestRequest,
)

__all__ = ["WebhookDesk"]

LOOK_SECONDS = 0.02
SEND_SECONDS = 5.0
LOOPBACK = ("127.0.0.1", "localhost")


class WebhookDesk:
    """Tells each run's end once to the webhooks that the run names, else to its organisation's."""

    def __init__(self, book: RunBook, clock: ServerClock) -> None:
        self._book = book
        self._clock = clock
        self._configured: dict[int, WebhookConfigRequest] = {}
        self._told: set[tuple[int, int]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self.sent: list[tuple[str, int]] = []

    def show(self, call: Call) -> Answer:
        """GET …/webhooks/agent-run"""
        asked = self._configured.get(call.org_id)
        if asked is None:
            return shown(WebhookConfigResponse(url=None, enabled=False, has_secret=False))
        return shown(WebhookConfigResponse(url=asked.url, enabled=asked.enabled, has_secret=asked.secret is not None))

    def set(self, call: Call) -> Answer:
        """POST …/webhooks/agent-run"""
        asked = call.body(WebhookConfigRequest)
        _address(asked.url)
        self._configured[call.org_id] = asked
        return Answer.of_json({})

    def delete(self, call: Call) -> Answer:
        """DELETE …/webhooks/agent-run"""
        self._configured.pop(call.org_id, None)
        return Answer.of_json({})

    def test(self, call: Call) -> Answer:
        """POST …/webhooks/agent-run/test"""
        url = call.body(WebhookTestRequest).url
        _address(url)
        configured = self._configured.get(call.org_id)
        secret = configured.secret if configured else None
        self._start(WebhookOverride(url=url, secret=secret), {"type": "test", "organization_id": call.org_id})
        return Answer.of_json({})

    async def send_as_runs_end(self) -> None:
        """Look for runs that have ended and tell of each once, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for run in self._book.runs if self._configured or self._book.webhooks_wanted else ():
                leg = (run.id, len(run.resumed))
                if (run.ended or run.paused) and leg not in self._told:
                    self._told.add(leg)
                    for target in self._targets(run):
                        self._start(target, _payload(run))

    def _targets(self, run: ServedRun) -> tuple[WebhookOverride, ...]:
        own = run.resumed[-1].webhooks if run.resumed else run.asked.webhooks
        if own:
            return own
        configured = self._configured.get(run.org_id)
        if configured is None or not configured.enabled:
            return ()
        return (WebhookOverride(url=configured.url, secret=configured.secret),)

    def _start(self, target: WebhookOverride, payload: dict[str, object]) -> None:
        task = asyncio.get_running_loop().create_task(self._send(target, payload))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, target: WebhookOverride, payload: dict[str, object]) -> None:
        status = 0
        try:
            async with asyncio.timeout(SEND_SECONDS):
                status = await _post(target, json.dumps(payload).encode())
        except (OSError, ValueError, asyncio.IncompleteReadError, Refusal):  # the receiver is away: a webhook gets lost
            pass
        self.sent.append((target.url, status))


def _payload(run: ServedRun) -> dict[str, object]:
    told = run.response(look=False)
    return {"type": "agent_run.completed", "data": told.model_dump(mode="json")}


def _address(url: str) -> tuple[str, int, str]:
    """Return host, port and path. Raises `Refusal` for what is not on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise refusal(422, "This server sends webhooks to http://127.0.0.1 only.")
    return "127.0.0.1", parts.port or 80, parts.path or "/"


async def _post(target: WebhookOverride, body: bytes) -> int:
    host, port, path = _address(target.url)
    reader, writer = await asyncio.open_connection(host, port)
    try:
        headers = {"Host": f"{host}:{port}", "Content-Type": "application/json", "Content-Length": str(len(body))}
        if target.secret:
            headers |= signature_headers(target.secret, body)
        lines = (f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "Connection: close")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        await writer.drain()
        return int((await reader.readuntil(b"\r\n")).split(b" ")[1])
    finally:
        writer.close()
