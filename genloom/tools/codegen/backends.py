"""Agent backends by name: what a graph dispatches paid work to.

A graph's context names a backend; the object behind the name is found in `agent_backends`, which callers can fill with
their own. The name `codegen` is made from the environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from genloom.config import Settings, load_settings
from genloom.errors import UsageError
from genloom.events import EventEmitter, ignore_events
from genloom.registry import Registry
from genloom.state import AgentRun
from genloom.tools.codegen.access import resolve_access
from genloom.tools.codegen.client import AsyncCodegen
from genloom.tools.codegen.deadline import Deadline
from genloom.tools.codegen.once.journal import RunJournal
from genloom.tools.codegen.once.journaled import submit_journaled
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.request_metadata import short_metadata

__all__ = ["NO_BACKEND_HINT", "AgentBackend", "CodegenBackend", "OnSiteBackend", "agent_backends"]

NO_BACKEND_HINT = (
    "Set CODEGEN_API_TOKEN (and CODEGEN_API_BASE_URL for a server of your own), or GENLOOM_AGENT=local, which needs no "
    "account."
)


class AgentBackend(Protocol):
    """Takes a prompt and gives back a finished run; the same key never starts a second one."""

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
        """Return the run of that key when it is final, started unless the journal or the server knows it.

        `metadata` tell the request once more, as fields (`request_metadata`), to whoever can read them. After `deadline`
        seconds the run comes back with status `timeout`. Raises `CredentialError`, `UsageError` or `AgentError`.
        """

    def describe(self) -> str:
        """Say in a few words, without secrets, where runs go."""


@runtime_checkable
class OnSiteBackend(Protocol):
    """A backend that works on this machine with the same means as the graph: the metadata tell it the request, so that it
    needs no text made of it, and it may be no use where the graph has failed."""

    def differs_from(self, model: str | None, generators: Sequence[str]) -> bool:
        """Whether a run can come out otherwise than drafts of that model and those generators."""

    def at(self, repository: str | None) -> AgentBackend:
        """Return the backend that works in this repository (a folder)."""


@dataclass(frozen=True, kw_only=True)
class CodegenBackend:
    """The Codegen API. Settings are read anew for each run, and each run has a client of its own: a client belongs to one
    event loop, and runs are called from many. All of them share one poller, however many graphs wait."""

    settings: Callable[[], Settings] = field(default=load_settings, repr=False)
    pacing: Pacing = field(default_factory=Pacing)

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
        """Return the run of that key when it is final (see `AgentBackend.run`).

        A `genloom serve` may fit its result to the examples: where an old one does not say so, it was to all of them.
        """
        access = resolve_access(settings=self.settings())
        until = Deadline(deadline)
        async with AsyncCodegen(access=access, pacing=self.pacing) as client:
            run = await submit_journaled(
                client,
                journal,
                prompt,
                key=idempotency_key,
                place=await client.place(deadline=until.left),
                metadata=short_metadata(metadata or {}),
                deadline=until.left,
                emit=emit,
            )
            ended = await client.wait(run, deadline=until.left, emit=emit)
            if ended.fitted is None and client.additions:
                return ended.model_copy(update={"fitted": tuple((metadata or {}).get("examples", ()))})
            return ended

    def describe(self) -> str:
        """Say where runs go. Raises `CredentialError` or `UsageError` when the settings do not suffice."""
        return f"Codegen API at {resolve_access(settings=self.settings())}"


def _make(name: str) -> AgentBackend:
    if name == "codegen":
        backend = CodegenBackend()
        backend.describe()
        return backend
    if name == "local":
        raise UsageError(
            "The agent `local` is not offered in this process.",
            hint="genloom.interfaces.agents.offer_agents() offers it; needs pip install 'genloom[serve]'.",
        )
    known = ", ".join(sorted({"codegen", *agent_backends.names()}))
    raise UsageError(f"There is no agent backend {name!r}.", hint=f"Known are: {known}.")


agent_backends: Registry[AgentBackend] = Registry(_make)
"""Agent backends by name. `codegen` is made on demand; others are put there with `register` or `offer`."""
