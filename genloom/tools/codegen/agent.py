"""`Agent` and `AgentTask`: the Codegen SDK's classes over this client, so that a user changes one import.

Blocking, and safe to call in a notebook or beside a running loop. What differs: a time limit on everything; a missing
token, a foreign organisation or several to choose from raise; no `.env` file is read; and `status` is normalised, so that
`while task.status != "completed"` ends. The guide is `docs/migrate-codegen-sdk.md`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from genloom.errors import UsageError
from genloom.portal import run_sync
from genloom.state import AgentRun, AgentStatus
from genloom.tools.codegen.access import resolve_access
from genloom.tools.codegen.api import REQUEST_SECONDS
from genloom.tools.codegen.client import AsyncCodegen
from genloom.tools.codegen.credentials import TokenProvider
from genloom.tools.codegen.pacing import Pacing, with_retries

__all__ = ["Agent", "AgentTask"]

T = TypeVar("T")

START_SECONDS = 300.0
ONLY_IN_THE_SDK = frozenset({"api_client", "agents_api"})


class Agent:
    """Starts runs for one token and organisation; what is not given comes from the environment (see `AsyncCodegen`).

    `org_id` may be a number in text, as the SDK takes it. `timeout` bounds each request, in seconds. Nothing is sent before
    the first run. Raises `CredentialError` or `UsageError` when token, organisation or address are unusable.
    """

    def __init__(
        self,
        token: str | TokenProvider | None = None,
        org_id: int | str | None = None,
        base_url: str | None = None,
        *,
        timeout: float = REQUEST_SECONDS,
        pacing: Pacing | None = None,
    ) -> None:
        self.token, self._base_url, self._timeout, self._pacing = token, base_url, timeout, pacing
        self.org_id = resolve_access(token=token, org_id=_number(org_id), base_url=base_url).org_id
        self.current_job: AgentTask | None = None

    def __repr__(self) -> str:
        return f"Agent(org_id={self.org_id})"

    def __getattr__(self, name: str) -> NoReturn:
        hint = (
            " (the SDK's generated client: use genloom.tools.codegen.AsyncCodegen)" if name in ONLY_IN_THE_SDK else ""
        )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}", name=name, obj=self)

    def run(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,  # Any: the caller's own JSON
        repo_id: int | None = None,
        model: str | None = None,
        images: Sequence[str] = (),
        deadline: float | None = START_SECONDS,
    ) -> AgentTask:
        """Start a run once and return without waiting for its end; with the key of an earlier run, return that one.

        Starting takes `deadline` seconds at most, transient failures and the server's limits included.

        Raises `CredentialError`, `UsageError` (several organisations and none chosen, among others) or `AgentError`.
        """

        async def submit(client: AsyncCodegen) -> AgentRun:
            run = await client.submit(
                prompt,
                idempotency_key=idempotency_key,
                metadata=metadata,
                repo_id=repo_id,
                model=model,
                images=images,
                deadline=deadline,
            )
            self.org_id = await client.organization()  # known by now
            return run

        self.current_job = AgentTask(self, self._call(submit))
        return self.current_job

    def get(self, run_id: int) -> AgentTask:
        """Return a run that was started earlier, as it is now. Raises `UsageError` when there is none of that number."""
        self.current_job = AgentTask(self, AgentRun(id=int(run_id), status="unknown"))
        self.current_job.refresh()
        return self.current_job

    def get_status(self) -> dict[str, object] | None:
        """Refresh the current job and return `{"id", "status", "result", "web_url"}`; `None` without a job."""
        task = self.current_job
        if task is None:
            return None
        task.refresh()
        return {"id": task.id, "status": task.status, "result": task.result, "web_url": task.web_url}

    def _call(self, work: Callable[[AsyncCodegen], Awaitable[T]]) -> T:
        async def opened() -> T:
            async with AsyncCodegen(
                token=self.token,
                org_id=self.org_id,
                base_url=self._base_url,
                timeout=self._timeout,
                pacing=self._pacing,
            ) as client:
                return await work(client)

        return run_sync(opened())


class AgentTask:
    """One run as last seen; `refresh` looks again, `wait` looks until it is final."""

    def __init__(self, agent: Agent, run: AgentRun) -> None:
        self.org_id = agent.org_id
        self._agent = agent
        self._run = run

    def __repr__(self) -> str:
        return f"AgentTask(id={self.id}, status={self.status!r})"

    @property
    def id(self) -> int:
        """The run's number."""
        return self._run.id

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
    def summary(self) -> str | None:
        """What the run says that it did, once it is final."""
        return self._run.summary

    @property
    def pull_requests(self) -> tuple[str, ...]:
        """The addresses of the pull requests that the run opened."""
        return self._run.pull_requests

    @property
    def web_url(self) -> str:
        """Where a person can look at the run."""
        return self._run.web_url

    def refresh(self) -> None:
        """Ask the server how the run is; transient failures are repeated.

        Raises `CredentialError`, `UsageError` or, when they last, `AgentError`.
        """

        async def look(client: AsyncCodegen) -> AgentRun:
            self.org_id = await client.organization()
            pacing = self._agent._pacing or Pacing()
            response = await with_retries(lambda: client.get_run(self.id), pacing)
            return response.to_run(idempotency_key=self._run.idempotency_key)

        self._run = self._agent._call(look)

    def wait(self, deadline: float | None = None) -> AgentTask:
        """Wait until the run is final and return this task; after `deadline` seconds its status is `timeout`."""
        self._run = self._agent._call(lambda client: client.wait(self._run, deadline=deadline))
        return self


def _number(org_id: int | str | None) -> int | None:
    if org_id is None:
        return None
    try:
        number = int(org_id)
    except ValueError as error:
        raise UsageError(
            f"The organisation is {org_id!r}.", hint="Give its number, as CODEGEN_ORG_ID has it."
        ) from error
    if number <= 0:
        raise UsageError(f"The organisation is {number}.", hint="Numbers of organisations start at 1.")
    return number
