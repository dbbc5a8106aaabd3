"""`Agent` and `AgentTask`: the Codegen SDK's classes over this client, so that a user changes one import.

Blocking, and safe to call in a notebook or beside a running loop. What differs: a time limit on everything, a missing
token or organisation raises, and `status` is normalised, so that `while task.status != "completed"` ends.
"""

from __future__ import annotations

from genloom.portal import run_sync
from genloom.state import AgentRun, AgentStatus
from genloom.tools.codegen.client import AsyncCodegen
from genloom.tools.codegen.pacing import Pacing

__all__ = ["Agent", "AgentTask"]


class Agent:
    """Starts runs for one token and organisation; what is not given comes from the environment (see `AsyncCodegen`)."""

    def __init__(
        self,
        token: str | None = None,
        org_id: int | None = None,
        base_url: str | None = None,
        *,
        pacing: Pacing | None = None,
    ) -> None:
        self.token, self.org_id, self._base_url, self._pacing = token, org_id, base_url, pacing
        self.current_job: AgentTask | None = None
        self._client()

    def __repr__(self) -> str:
        return f"Agent(org_id={self.org_id})"

    def run(self, prompt: str) -> AgentTask:
        """Start a run and return at once. Raises `CredentialError`, `UsageError` or `AgentError`."""

        async def submit() -> AgentRun:
            async with self._client() as client:
                self.org_id = await client.organization()
                return await client.submit(prompt)

        self.current_job = AgentTask(self, run_sync(submit()))
        return self.current_job

    def get_status(self) -> dict[str, object] | None:
        """Refresh the current job and return `{"id", "status", "result", "web_url"}`; `None` without a job."""
        if self.current_job is None:
            return None
        self.current_job.refresh()
        task = self.current_job
        return {"id": task.id, "status": task.status, "result": task.result, "web_url": task.web_url}

    def _client(self) -> AsyncCodegen:
        return AsyncCodegen(token=self.token, org_id=self.org_id, base_url=self._base_url, pacing=self._pacing)


class AgentTask:
    """One run as last seen; `refresh` looks again, `wait` looks until it is final."""

    def __init__(self, agent: Agent, run: AgentRun) -> None:
        self._agent = agent
        self._run = run

    def __repr__(self) -> str:
        return f"AgentTask(id={self.id}, status={self.status!r})"

    @property
    def id(self) -> int:
        """The run's number."""
        return self._run.id

    @property
    def org_id(self) -> int | None:
        """The organisation that the run belongs to."""
        return self._agent.org_id

    @property
    def status(self) -> AgentStatus:
        """The normalised status as last seen."""
        return self._run.status

    @property
    def raw_status(self) -> str:
        """The status as the server wrote it."""
        return self._run.raw_status

    @property
    def result(self) -> str | None:
        """The run's answer, once it is final."""
        return self._run.result

    @property
    def web_url(self) -> str:
        """Where a person can look at the run."""
        return self._run.web_url

    def refresh(self) -> None:
        """Ask the server once more."""

        async def look() -> AgentRun:
            async with self._agent._client() as client:
                response = await client.get_run(self.id)
                return response.to_run(idempotency_key=self._run.idempotency_key)

        self._run = run_sync(look())

    def wait(self, deadline: float | None = None) -> AgentTask:
        """Wait until the run is final and return this task; after `deadline` seconds its status is `timeout`."""

        async def follow() -> AgentRun:
            async with self._agent._client() as client:
                return await client.wait(self._run, deadline=deadline)

        self._run = run_sync(follow())
        return self
