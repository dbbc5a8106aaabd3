"""A git repository to register, and a desk at which runs are created, worked on and waited for."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gated_model import Gate

from genloom.interfaces.server.runs.graph_choice import graph_of
from genloom.interfaces.server.runs.worker import Worker
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import ENDED, RunRecord, Storage
from genloom.testing import OpenAIServer
from genloom.tools.codegen.wire import CreateAgentRunInput

Git = Callable[..., str]


@pytest.fixture
def git() -> Git:
    """Run git in a folder, as a user without any configuration."""

    def run(folder: Path, *arguments: str) -> str:
        who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "init.defaultBranch=main")
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *who, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def project(tmp_path: Path, git: Git) -> Path:
    """A repository with one module and one commit, on the branch `main`."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "prices.py").write_text("def net(price: float) -> float:\n    return price / 1.2\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Prices")
    return folder


@dataclass
class Desk:
    """A storage with its settings, where runs are created and waited for."""

    storage: Storage
    settings: ServerSettings

    async def create(self, prompt: str, *, organization: int = 1, user: int = 1, **more: Any) -> RunRecord:
        asked = CreateAgentRunInput(prompt=prompt, **more)
        run, _ = await self.storage.runs.create(organization, user, asked, graph=graph_of(asked), most_queued=1000)
        return run

    async def get(self, run: RunRecord) -> RunRecord:
        found = await self.storage.runs.get(run.organization_id, run.id)
        assert found is not None
        return found

    async def wait(self, run: RunRecord, *statuses: str, seconds: float = 60) -> RunRecord:
        """Wait until the run is in one of the statuses; by default until it has ended."""
        async with asyncio.timeout(seconds):
            while (found := await self.get(run)).status not in (statuses or ENDED):
                await asyncio.sleep(0.03)
        return found

    async def log(self, run: RunRecord) -> list[dict[str, Any]]:
        """The whole log; its numbers have no gaps."""
        entries, total = await self.storage.logs.page(run.organization_id, run.id, skip=0, limit=1000)
        assert [entry.number for entry in entries] == list(range(1, total + 1))
        return [entry.entry for entry in entries]

    async def wait_for_log(self, run: RunRecord, tool: str) -> list[dict[str, Any]]:
        """Wait until the log tells of a tool."""
        async with asyncio.timeout(60):
            while tool not in [entry["tool_name"] for entry in await self.log(run)]:
                await asyncio.sleep(0.03)
        return await self.log(run)

    async def want(self, run: RunRecord, what: str) -> None:
        """Ask that of a run that a worker works on, and wait until the worker has heard of it: it asks at each beat, and the
        third from now began, and the second was over, after this was said."""
        await self.storage.runs.want(run.organization_id, run.id, what)
        async with asyncio.timeout(60):
            for _ in range(3):
                held = await self.storage.runs.beats()
                while await self.storage.runs.beats() == held:
                    await asyncio.sleep(0.01)

    @asynccontextmanager
    async def working(self, **changes: Any) -> AsyncIterator[Worker]:
        """Have a worker work in this loop meanwhile; it is drained at the end."""
        stop = asyncio.Event()
        worker = Worker(self.storage, self.settings.model_copy(update=changes))
        async with asyncio.TaskGroup() as group:  # a worker that raises ends the test at once
            group.create_task(worker.run(stop))
            try:
                yield worker
            finally:
                stop.set()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> ServerSettings:
    """Settings whose times are short."""
    return ServerSettings(
        data=tmp_path / "serve",
        database=database_url,
        lease_seconds=10,
        beat_seconds=0.1,
        drain_seconds=10,
        run_seconds=60,
    )


@pytest.fixture
def desk(storage: Storage, settings: ServerSettings) -> Desk:
    return Desk(storage, settings)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate in front of the model that `settings.model` then names."""
    found = Gate()
    with OpenAIServer(found) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        monkeypatch.setenv("GENLOOM_MODEL", "openai:test-model")
        yield found
        found.opened.set()
