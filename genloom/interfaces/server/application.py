"""The application: every route behind the gate, in one FastAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import APIRouter, FastAPI

from genloom.errors import RequestError
from genloom.interfaces.server.admission.authentication import Authentication
from genloom.interfaces.server.admission.gate import Gate
from genloom.interfaces.server.audit import AuditLog
from genloom.interfaces.server.audit_writer import AuditWriter
from genloom.interfaces.server.framework_errors import answer_framework_errors
from genloom.interfaces.server.lookups import RunLookups
from genloom.interfaces.server.openapi import describe
from genloom.interfaces.server.routes import (
    agent_runs,
    events,
    health,
    logs,
    organizations,
    repos,
    run_controls,
    unserved,
    users,
    webhooks,
)
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.serving import SendTest, Serving
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import Storage
from genloom.interfaces.server.streams import RunStreams
from genloom.version import VERSION

__all__ = ["build_application"]

PUBLIC = ("/agent/trace/",)

ROUTERS = tuple(
    part.router
    for part in (agent_runs, run_controls, logs, events, organizations, users, repos, webhooks, unserved, health)
)


def build_application(
    settings: ServerSettings,
    storage: Storage,
    *,
    web_url: Callable[[int, int], str],
    check_url: Callable[[str], object] | None = None,
    send_test: SendTest | None = None,
    audit: AuditLog | None = None,
    workers_alive: Callable[[], bool] = lambda: True,
    webhooks_alive: Callable[[], bool] = lambda: True,
    session_keys: Mapping[str, Principal] | None = None,
    routers: Sequence[APIRouter] = (),
    public: Sequence[str] = PUBLIC,
    around: Sequence[AbstractAsyncContextManager[object]] = (),
) -> FastAPI:
    """Return the server's application; `listening` says how to serve it.

    `web_url` makes the link to a run's page from its organisation and number. `check_url` raises `RequestError` for an
    address that webhooks may not be sent to (without it none may), `send_test` sends a test. `session_keys` are keys by
    digest that are stored nowhere. `routers` come beside the API's own; paths that begin with one of `public` need no key.
    `around` is entered when the application starts and left, in reverse, when it has stopped. `app.state.serving` is what
    its routes share.
    """
    authentication = Authentication(storage, failures=settings.failures, session_keys=session_keys or {})
    serving = Serving(
        settings=settings,
        storage=storage,
        streams=RunStreams(storage, most=settings.streams, poll_seconds=settings.poll_seconds),
        lookups=RunLookups(storage),
        authentication=authentication,
        web_url=web_url,
        check_url=check_url or _no_webhooks,
        send_test=send_test,
        audit=AuditWriter(audit) if audit else None,
        workers_alive=workers_alive,
        webhooks_alive=webhooks_alive,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in (*around, serving.streams):
                await stack.enter_async_context(part)
            yield

    app = FastAPI(
        title="genloom serve", version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.serving = serving
    for router in (*ROUTERS, *routers):
        app.include_router(router)
    answer_framework_errors(app)
    describe(app)
    app.add_middleware(Gate, settings=settings, authentication=authentication, public=public)
    return app


def _no_webhooks(url: str) -> object:
    raise RequestError("This server sends no webhooks.")
