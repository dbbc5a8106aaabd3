"""A server from start to end: storage, workers, webhooks and the application, drained before it stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from genloom.errors import StorageError
from genloom.interfaces.server.application import build_application
from genloom.interfaces.server.audit import AuditLog
from genloom.interfaces.server.binding import base_url
from genloom.interfaces.server.listening import ApiServer, server_config
from genloom.interfaces.server.pages.links import PageLinks
from genloom.interfaces.server.pages.run_page import run_page_router
from genloom.interfaces.server.runs.worker_process import WorkerProcesses
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.security.secret import server_secret
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import Storage
from genloom.interfaces.server.supervision import Supervision
from genloom.interfaces.server.webhooks.delivery import WebhookSender
from genloom.interfaces.server.webhooks.targets import TargetPolicy

__all__ = ["Ready", "run_server"]

Ready = Callable[[Storage], None]
"""Is called once the server answers."""

Alive = Callable[[], bool]


async def run_server(
    settings: ServerSettings,
    listener: socket.socket,
    *,
    stop: asyncio.Event,
    ready: Ready,
    session_keys: Mapping[str, Principal],
    here: bool = False,
) -> None:
    """Serve on a bound socket until `stop` is set. `here` lets runs be worked on in this loop, not in other processes.

    At the end the server first says that it is not ready, lets runs come to a checkpoint (`drain_seconds` at most) while
    it still answers, and then closes. Raises `StorageError` or `UsageError` when it cannot start.
    """
    address = settings.public_url or base_url(listener, settings.host)
    links = PageLinks(server_secret(settings.data), address, seconds=settings.link_seconds)
    policy = TargetPolicy(settings.webhook_hosts)
    async with Storage.open(settings.database) as storage, WebhookSender(storage, policy, links.url) as sender:
        working = _worker_here(storage, settings) if here else _worker_processes(settings)
        async with working as alive:
            app = build_application(
                settings,
                storage,
                web_url=links.url,
                check_url=policy.check_url,
                send_test=sender.send_test,
                audit=AuditLog(settings.data),
                workers_alive=alive,
                webhooks_alive=lambda: sender.well,
                session_keys=session_keys,
                routers=[run_page_router(storage, links)],
            )
            server = _Server(server_config(app, settings))
            serving = asyncio.create_task(server.serve(sockets=[listener]), name="genloom-serve")
            try:
                await _started(server, serving)
                ready(storage)
                await _first(stop, serving)
                app.state.serving.drain()
            except BaseException:
                server.should_exit = True
                raise
        server.should_exit = True
        await serving


class _Server(ApiServer):
    """Leaves signals to whoever started it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _worker_processes(settings: ServerSettings) -> AsyncIterator[Alive]:
    async with WorkerProcesses(settings) as workers:
        yield lambda: workers.alive


@asynccontextmanager
async def _worker_here(storage: Storage, settings: ServerSettings) -> AsyncIterator[Alive]:
    from genloom.interfaces.server.runs.checkpoints import open_saver  # LangGraph: only who works pays for it
    from genloom.interfaces.server.runs.worker import Worker

    async with open_saver(settings.database):
        pass  # one that cannot be opened keeps the server from starting: no run would ever be worked on
    stop, supervision = asyncio.Event(), Supervision("the worker")

    async def keep() -> None:
        while not stop.is_set():
            wait = await supervision.turn(lambda: Worker(storage, settings).run(stop))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await stop.wait()

    working = asyncio.create_task(keep(), name="genloom-worker")
    try:
        yield lambda: supervision.well and not working.done()
    finally:
        stop.set()
        await working


async def _started(server: ApiServer, serving: asyncio.Task[None]) -> None:
    while not server.started:
        if serving.done():
            serving.result()
            raise StorageError("The server could not start.", hint="What it wrote to standard error says why.")
        await asyncio.sleep(0.01)


async def _first(stop: asyncio.Event, serving: asyncio.Task[None]) -> None:
    """Wait for the demand to stop. Raises `StorageError` when the server ended by itself."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopping, serving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    if serving.done():
        serving.result()
        raise StorageError("The server ended by itself.", hint="What it wrote to standard error says why.")
