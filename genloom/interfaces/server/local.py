"""The agent backend `local`: genloom's own server in this process, so that agents work without any account."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genloom.config import Settings, load_settings
from genloom.errors import RepositoryError, UsageError
from genloom.events import EventEmitter, Note, ignore_events
from genloom.interfaces.server.embedded import Desk, EmbeddedServer
from genloom.interfaces.server.repositories import offered_repositories, register_repository
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import Storage
from genloom.state import AgentRun
from genloom.state.graph_context import GENERATORS
from genloom.tools.codegen import UNLIMITED, AsyncCodegen, Pacing, RunJournal
from genloom.tools.codegen.access import resolve_access
from genloom.tools.codegen.deadline import Deadline
from genloom.tools.codegen.once.journaled import submit_journaled
from genloom.tools.scm.worktree import checked_source

__all__ = ["LocalAgent", "LocalRun", "embedded_settings"]

PACING = Pacing(poll_first=0.05, poll_cap=1.0, limits=UNLIMITED, settle=(0.0, 0.2))


def embedded_settings(settings: Settings) -> ServerSettings:
    """Return the settings of the embedded server: its data in the home folder, a folder for each model, so that a process
    never works on runs that were meant for another one."""
    model = settings.agent_model or settings.model
    folder = hashlib.sha256((model or "").encode()).hexdigest()[:8]
    return ServerSettings(
        port=0,
        data=settings.home / "serve-local" / folder,
        database="",
        model=model,
        limits=UNLIMITED,
        lease_seconds=10.0,
        drain_seconds=1.0,
    )


class LocalAgent:
    """An `OnSiteBackend`. Which model works is `GENLOOM_AGENT_MODEL`, else `GENLOOM_MODEL`; without one it is the search.

    The server is started by the first run, and again when the settings have changed or it has ended.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[ServerSettings, EmbeddedServer] = {}

    def server(self) -> EmbeddedServer:
        """Return the server of the settings as they are now, started; blocks meanwhile. Raises what keeps it back."""
        settings = embedded_settings(load_settings())
        with self._lock:
            found = self._servers.get(settings)
            if found is None or not found.alive:
                found = EmbeddedServer(settings)
                found.start()
                self._servers[settings] = found
            return found

    def differs_from(self, model: str | None, generators: Sequence[str]) -> bool:
        """Whether a run can come out otherwise than drafts of that model and those generators."""
        own = embedded_settings(load_settings()).model
        if own is not None and own != model:
            return True
        tried = {name for name in generators if name != "model" or model is not None}
        return any(name not in tried for name in GENERATORS if name != "model" or own is not None)

    def at(self, repository: str | None) -> LocalRun:
        """Return the backend that works in this repository."""
        return LocalRun(agent=self, repository=repository)

    async def run(
        self,
        prompt: str,
        *,
        idempotency_key: str,
        deadline: float | None,
        journal: RunJournal,
        emit: EventEmitter = ignore_events,
        metadata: Mapping[str, Any] | None = None,  # Any: JSON values
    ) -> AgentRun:
        """Return the run, in no repository, when it is final (see `AgentBackend.run`)."""
        return await self.at(None).run(
            prompt, idempotency_key=idempotency_key, deadline=deadline, journal=journal, emit=emit, metadata=metadata
        )

    def stop(self) -> None:
        """End the servers; the next run starts one again."""
        with self._lock:
            while self._servers:
                self._servers.popitem()[1].stop()

    def describe(self) -> str:
        """Say where runs go."""
        model = embedded_settings(load_settings()).model
        return f"genloom's own agent in this process, with {model or 'the search'}"


@dataclass(frozen=True, kw_only=True)
class LocalRun:
    """The local agent in one repository."""

    agent: LocalAgent
    repository: str | None

    async def run(
        self,
        prompt: str,
        *,
        idempotency_key: str,
        deadline: float | None,
        journal: RunJournal,
        emit: EventEmitter = ignore_events,
        metadata: Mapping[str, Any] | None = None,  # Any: JSON values
    ) -> AgentRun:
        """Return the run of that key when it is final (see `AgentBackend.run`); its page ends with this process."""
        left = Deadline(deadline)
        server = await asyncio.to_thread(self.agent.server)
        desk, repo_id = await self._desk(server, emit)
        access = resolve_access(token=desk.token, org_id=desk.org_id, base_url=server.url)
        async with AsyncCodegen(access=access, pacing=PACING) as client:
            run = await submit_journaled(
                client,
                journal,
                prompt,
                key=idempotency_key,
                place=f"{server.settings.data} {desk.org_id}",
                metadata=metadata,
                repo_id=repo_id,
                deadline=left.left,
                emit=emit,
            )
            ended = await client.wait(run, deadline=left.left, emit=emit)
        return ended.model_copy(update={"web_url": ""})

    def describe(self) -> str:
        """Say where the run goes."""
        return self.agent.describe()

    async def _desk(self, server: EmbeddedServer, emit: EventEmitter) -> tuple[Desk, int | None]:
        """Return where to work, and the repository's number there."""
        if self.repository is None:
            return server.without, None
        folder = self.repository
        try:
            return server.with_repositories, await server.ask(lambda storage: _registered(storage, server, folder))
        except RepositoryError as error:
            told = f"The local agent works without the repository: {error.message}"
            emit(Note(message=told, level="warning"))
            return server.without, None


async def _registered(storage: Storage, server: EmbeddedServer, folder: str) -> int:
    """Return the number of a repository, registered if it was not. Raises `RepositoryError` when it is none."""
    source, organization = await asyncio.to_thread(checked_source, folder), server.with_repositories.org_id
    try:
        for repo in await offered_repositories(storage, organization):
            if repo.source == source:
                return repo.id
        return (await register_repository(storage, server.settings.data, organization, source, name=source)).id
    except RepositoryError:
        raise
    except UsageError:  # another process has just registered it
        found = [repo.id for repo in await offered_repositories(storage, organization) if repo.source == source]
        if not found:
            raise
        return found[0]
