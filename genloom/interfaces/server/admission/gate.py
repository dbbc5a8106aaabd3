"""The gate before every route: request id, host and origin, size, key, rate; and the last word on errors."""

from __future__ import annotations

import secrets
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genloom.errors import StorageError
from genloom.interfaces.server.admission.authentication import Authentication
from genloom.interfaces.server.admission.hosts import Hosts
from genloom.interfaces.server.admission.rates import RateWindows
from genloom.interfaces.server.admission.sizes import BodyBudget, BoundedBody, declared_size
from genloom.interfaces.server.errors import ApiError, error_response, refused, storage_refusal, too_many
from genloom.interfaces.server.settings import ServerSettings
from genloom.tools.codegen.http.connection import ADDITIONS_HEADER
from genloom.tools.codegen.traffic.limits import RequestClass, request_class

__all__ = ["PROBES", "Gate"]

PROBES = ("/healthz", "/readyz")
BODIES_AT_ONCE = 3
"""How many bodies of the largest size are held in memory at a time; of small ones there may be any number."""
ALWAYS = {
    ADDITIONS_HEADER: "cancel, events, pause",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
CLASSES: tuple[RequestClass, ...] = ("general", "creation", "logs", "edits", "rules", "setup")


class Gate:
    """ASGI middleware. What passes carries its principal in the request's state, save probes and `public` paths.

    Everything else needs a key. An error that nobody foresaw is answered 500 with the request's id, and told on stderr.
    """

    def __init__(
        self, app: ASGIApp, *, settings: ServerSettings, authentication: Authentication, public: Sequence[str]
    ) -> None:
        self._app = app
        self._settings = settings
        self._authentication = authentication
        self._public = tuple(public)
        public_name = urlsplit(settings.public_url or "").hostname or ""
        self._hosts = Hosts((settings.host, *settings.hosts, public_name))
        self._budget = BodyBudget(BODIES_AT_ONCE * settings.body_bytes)
        self._windows = {name: RateWindows(settings.limits.rate(name)) for name in CLASSES}
        self._public_windows = RateWindows(settings.public_rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        body = BoundedBody(
            receive,
            self._budget,
            bytes_at_most=self._settings.body_bytes,
            seconds=self._settings.body_seconds,
            answering=lambda: answer.started,
        )
        try:
            await self._admit(scope)
            await self._app(scope, body, answer)
        except ApiError as error:
            await self._refuse(error, scope, receive, answer)
        except StorageError as error:
            await self._refuse(storage_refusal(error), scope, receive, answer)
        except Exception:  # noqa: BLE001  # the edge: the client learns the request's id, the operator the rest
            _tell(request_id, scope)
            message = f"The server made a mistake. Its operator finds it under request {request_id}."
            await self._refuse(refused(500, message), scope, receive, answer)
        finally:
            body.let_go()

    async def _admit(self, scope: Scope) -> None:
        headers = _headers(scope)
        wrong = self._hosts.refusal(headers("host"), headers("origin"), scope["scheme"])
        wrong = wrong or declared_size(headers("content-length"), self._settings.body_bytes)
        if wrong is not None:
            raise wrong
        path, now = scope["path"], time.monotonic()
        address = scope["client"][0] if scope.get("client") else ""
        if path in PROBES:
            return
        if path.startswith(self._public):
            wait = self._public_windows.admit(address, now)
        else:
            principal = await self._authentication.principal(headers("authorization"), address)
            scope["state"]["principal"] = principal
            name = request_class(scope["method"], path)
            wait = self._windows[name].admit(principal, now)  # one key, one window: principals compare by value
        if wait:
            raise too_many(wait)

    async def _refuse(self, error: ApiError, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if answer.started:
            raise error  # half an answer cannot be taken back: the connection is cut
        await error_response(error)(scope, receive, answer)


class _Answer:
    """A `send` that adds the headers of every answer."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            for name, value in ALWAYS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _headers(scope: Scope) -> Any:  # Any: a closure
    def of(name: str) -> list[str]:
        wanted = name.encode()
        return [value.decode("latin-1") for key, value in scope["headers"] if key == wanted]

    return of


def _tell(request_id: str, scope: Scope) -> None:
    """Write the traceback without the values in it: neither bodies nor headers nor addresses with signatures."""
    kind, _, trace = sys.exc_info()
    where = "".join(traceback.format_tb(trace)[-6:])
    name = kind.__name__ if kind else "?"
    sys.stderr.write(f"genloom serve: request {request_id} ({scope['method']}) failed: {name}\n{where}")
