"""A run as the server for tests keeps it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from genloom.testing.codegen.clock import ServerClock
from genloom.testing.codegen.plan import RunPlan
from genloom.tools.codegen.wire import (
    IDEMPOTENCY_FIELD,
    AgentRunLogResponse,
    AgentRunResponse,
    CreateAgentRunInput,
    PullRequestResponse,
    ResumeAgentRunInput,
)

__all__ = ["ServedRun", "date"]

PAUSED = "PAUSED"


@dataclass(kw_only=True)
class ServedRun:
    """A run at the server: what was asked, its plan, and how often it was looked at. Times are the server's."""

    id: int
    org_id: int
    asked: CreateAgentRunInput
    plan: RunPlan
    web_url: str
    source_type: str = "API"
    clock: ServerClock = field(default_factory=ServerClock, repr=False)
    created_at: float = 0.0
    looks: int = 0
    resumed: list[ResumeAgentRunInput] = field(default_factory=list)
    """What it was resumed with, oldest first."""
    checks_banned: bool = False
    removed_from_pr: bool = False
    _leg_started_at: float = 0.0
    _forced: tuple[str | None, str | None] | None = None
    _shown: tuple[object, AgentRunResponse] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.created_at = self._leg_started_at = self.clock.time()

    @property
    def idempotency_key(self) -> str:
        """The key in the run's metadata, empty when it has none."""
        return str((self.asked.metadata or {}).get(IDEMPOTENCY_FIELD, ""))

    @property
    def ended(self) -> bool:
        """Whether the run shows its end by now."""
        return self._forced is not None or (self._leg_over and not self._waits)

    @property
    def paused(self) -> bool:
        """Whether the run waits to be resumed."""
        return self._forced is None and self._leg_over and self._waits

    @property
    def ends_at(self) -> float | None:
        """When a timed run shows its end or its pause, by the server's clock; `None` when looks decide."""
        return None if self.plan.seconds is None else self._leg_started_at + self.plan.seconds

    @property
    def status(self) -> str | None:
        """The status that the run shows by now."""
        if self._forced is not None:
            return self._forced[0]
        if self._leg_over:
            return PAUSED if self._waits else self.plan.status
        passed = self.clock.time() - self._leg_started_at
        due = [status for seconds, status in self.plan.steps if seconds <= passed]
        return due[-1] if due else self.plan.before

    def response(self, *, look: bool = True) -> AgentRunResponse:
        """Return the run as the API shows it; `look` counts."""
        self.looks += look
        status, ended = self.status, self.ended
        if self._shown is None or self._shown[0] != (status, ended):
            self._shown = (status, ended), self._response(status, ended)
        return self._shown[1]

    def log_entries(self) -> tuple[AgentRunLogResponse, ...]:
        """Return what the run has logged by now, oldest first."""
        planned = self.plan.logs
        if self.plan.seconds and not (self.ended or self.paused):
            share = (self.clock.time() - self._leg_started_at) / self.plan.seconds
            planned = planned[: int(share * (len(planned) + 1))]
        return tuple(self._entry(number, entry) for number, entry in enumerate(planned))

    def force(self, status: str | None, result: str | None) -> None:
        """End the run now, whatever was planned."""
        self._forced = status, result

    def resume(self, asked: ResumeAgentRunInput, plan: RunPlan) -> None:
        """Let the run go on by that plan, from now."""
        self.resumed.append(asked)
        self.plan, self.looks, self._leg_started_at, self._forced, self._shown = plan, 0, self.clock.time(), None, None

    @property
    def _waits(self) -> bool:
        return self.plan.pauses and not self.resumed

    @property
    def _leg_over(self) -> bool:
        at = self.ends_at
        return self.looks >= self.plan.polls if at is None else self.clock.time() >= at

    def _response(self, status: str | None, ended: bool) -> AgentRunResponse:
        requests = tuple(
            PullRequestResponse(id=number, url=url, created_at=date(self.created_at), title=f"Pull request {number}")
            for number, url in enumerate(self.plan.pull_requests, 1)
        )
        result = self.plan.result if self._forced is None else self._forced[1]
        return AgentRunResponse(
            id=self.id,
            organization_id=self.org_id,
            status=status,
            created_at=date(self.created_at),
            web_url=self.web_url,
            result=result if ended else None,
            summary=self.plan.summary if ended else None,
            source_type=self.source_type,
            github_pull_requests=requests if ended else (),
            metadata=self.asked.metadata,
        )

    def _entry(self, number: int, entry: str | AgentRunLogResponse) -> AgentRunLogResponse:
        at = date(self._leg_started_at + (self.plan.seconds or 0) * (number + 1) / (len(self.plan.logs) + 1))
        if isinstance(entry, str):
            return AgentRunLogResponse(agent_run_id=self.id, created_at=at, message_type="ACTION", thought=entry)
        return entry.model_copy(update={"agent_run_id": self.id, "created_at": entry.created_at or at})


def date(at: float) -> str:
    """Return a moment as the API writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
