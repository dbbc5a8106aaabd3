"""A server embedded in this process: on loopback, in a thread and loop of its own, started by its first user."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from genloom.errors import GenloomError, StorageError
from genloom.interfaces.server.binding import base_url, bind
from genloom.interfaces.server.running import run_server
from genloom.interfaces.server.security.keys import NewKey, key_digest, make_key
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.settings import ORGANIZATION, USER, ServerSettings
from genloom.interfaces.server.storage import Storage

__all__ = ["Desk", "EmbeddedServer"]

T = TypeVar("T")

START_SECONDS = 60.0
STOP_SECONDS = 5.0
DESK_NAME = "without a repository"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a client works at the server: its organisation, and the key that counts there while the server lives."""

    org_id: int
    token: str = field(repr=False)


class EmbeddedServer:
    """A server with one worker in its own loop. It ends with the process, as if it were killed, or by `stop`; runs that it
    leaves behind go on when a server with the same data is started.

    Runs in a repository belong to the organisation `with_repositories`, others to `without`: a run that names no
    repository takes the only one that its organisation has. Safe to use from several threads.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.process = os.getpid()
        self._keys = (make_key(), make_key())
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="genloom-serve-local", daemon=True)

    def __repr__(self) -> str:
        return f"EmbeddedServer({getattr(self, 'url', 'not started')})"

    def start(self) -> None:
        """Start it and return when it answers. Raises what keeps it from starting."""
        self._listener = bind(self.settings.host, self.settings.port)
        self.url = base_url(self._listener, self.settings.host)
        self._thread.start()
        if not self._started.wait(START_SECONDS):
            self.stop()
            raise StorageError(f"The local agent server did not start within {START_SECONDS:g} seconds.")
        if self._failure is not None:
            raise self._failure

    @property
    def alive(self) -> bool:
        """Whether it answers: it has not ended, and this process is the one that it was started in."""
        return self._thread.is_alive() and self.process == os.getpid()

    def stop(self) -> None:
        """End it. Runs come to a checkpoint if they do so soon."""
        if self.alive and self._started.is_set() and self._failure is None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_SECONDS)

    async def ask(self, question: Callable[[Storage], Awaitable[T]]) -> T:
        """Ask the storage, in the server's loop, from any other."""

        async def asking() -> T:
            return await question(self._storage)

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asking(), self._loop))

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - told to whoever started it
            self._failure = (
                error if isinstance(error, GenloomError) else StorageError(f"The local agent ended: {error!r}")
            )
        finally:
            self._listener.close()
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with Storage.open(self.settings.database) as storage:
            org_id, user_id = await _second_desk(storage)
        self.with_repositories = Desk(org_id=ORGANIZATION, token=self._keys[0].text)
        self.without = Desk(org_id=org_id, token=self._keys[1].text)
        await run_server(
            self.settings,
            self._listener,
            stop=self._stop,
            ready=self._ready,
            session_keys=dict([_session(self._keys[0], ORGANIZATION, USER), _session(self._keys[1], org_id, user_id)]),
            here=True,
        )

    def _ready(self, storage: Storage) -> None:
        self._storage = storage
        self._started.set()


def _session(key: NewKey, org_id: int, user_id: int) -> tuple[str, Principal]:
    return key_digest(key.text), Principal(organization_id=org_id, user_id=user_id, role="runner")


async def _second_desk(storage: Storage) -> tuple[int, int]:
    """Return the organisation of runs without a repository, and its user, made by the first of several processes.

    Where two make one at the same moment, the one with the lower number is taken by both."""
    for _ in range(2):
        for organization in await storage.organizations.all():
            if organization.name == DESK_NAME:
                members, _ = await storage.users.page(organization.id, skip=0, limit=1)
                if members:
                    return organization.id, members[0].id
        made = await storage.organizations.create(DESK_NAME)
        await storage.users.create(made.id, role="admin", full_name="Local agent")
    raise StorageError("The local agent's organisation cannot be made.")
