"""A real server on loopback for tests: uvicorn and the application in a thread, with a storage of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import httpx

from genloom.interfaces.server.application import build_application
from genloom.interfaces.server.binding import bind
from genloom.interfaces.server.listening import ApiServer, server_config
from genloom.interfaces.server.security.keys import create_key
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import OrganizationRecord, Role, Storage, UserRecord

T = TypeVar("T")
SECONDS = 60.0


class RunningServer:
    """A context manager. `parts` are arguments of `build_application`, by name, or made from the opened storage."""

    def __init__(
        self,
        settings: ServerSettings,
        *,
        parts: Callable[[Storage], dict[str, Any]] = lambda storage: {},
    ) -> None:
        self.settings = settings
        self._parts = parts
        self._listener = bind(settings.host, settings.port)
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(SECONDS)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server as a signal would, and wait for it."""
        self.server.should_exit = True
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        try:
            async with Storage.open(self.settings.database) as self.storage:
                parts = {"web_url": self.web_url, **self._parts(self.storage)}
                self.app = build_application(self.settings, self.storage, **parts)
                self.server = ApiServer(server_config(self.app, self.settings))
                self._loop = asyncio.get_running_loop()
                told = asyncio.create_task(self._tell())
                await self.server.serve(sockets=[self._listener])
                await told
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._started.set()

    async def _tell(self) -> None:
        while not self.server.started and not self.server.should_exit:
            await asyncio.sleep(0.005)
        self._started.set()

    def web_url(self, organization: int, run: int) -> str:
        """Where a run's page would be."""
        return f"{self.base_url}/agent/trace/{run}?organization={organization}"

    def do(self, work: Callable[[Storage], Awaitable[T]]) -> T:
        """Return what becomes of `work` on the server's storage, in its loop."""

        async def working() -> T:
            return await work(self.storage)

        return asyncio.run_coroutine_threadsafe(working(), self._loop).result(SECONDS)

    def drain(self) -> None:
        """Begin the end, as a signal would."""
        self._loop.call_soon_threadsafe(self.app.state.serving.drain)

    def key(self, role: Role = "runner", *, organization: int = 1, user: int = 1) -> str:
        """Return a new key."""
        made = self.do(lambda storage: create_key(storage, organization, user, name="test", role=role))
        return made[0]

    def organization(self, name: str) -> tuple[OrganizationRecord, UserRecord]:
        """Return a new organisation and its administrator."""
        organization = self.do(lambda storage: storage.organizations.create(name))
        return organization, self.do(lambda storage: storage.users.create(organization.id, role="admin"))

    def client(self, key: str | None = None, **options: Any) -> httpx.Client:
        """Return a client, with a new runner's key unless one is given (empty: none)."""
        key = self.key() if key is None else key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=SECONDS, trust_env=False, **options)
