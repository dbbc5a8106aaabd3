"""What the storage gives: frozen records of its rows. Secrets and digests never show in `repr`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "ENDED",
    "RUN_STATUSES",
    "DeliveryRecord",
    "KeyRecord",
    "LogRecord",
    "NewDelivery",
    "OrganizationRecord",
    "RepoRecord",
    "Role",
    "RunOverview",
    "RunRecord",
    "RunStatus",
    "UserRecord",
    "Wanted",
    "WebhookRecord",
]

Role = Literal["viewer", "runner", "admin"]
"""What a member or a key may do: read; also start and change runs; also change settings and webhooks."""

RunStatus = Literal["queued", "in_progress", "paused", "completed", "failed", "cancelled", "timeout"]
"""The words of a run's status as the API tells them."""

Wanted = Literal["run", "pause", "cancel"]
"""What the run's owner wants of whoever works on it."""

RUN_STATUSES: tuple[RunStatus, ...] = ("queued", "in_progress", "paused", "completed", "failed", "cancelled", "timeout")
ENDED: frozenset[RunStatus] = frozenset({"completed", "failed", "cancelled", "timeout"})

Json = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganizationRecord:
    """An organisation. `settings` is JSON that the routes define."""

    id: int
    name: str
    settings: Json
    created_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRecord:
    """A user as a member of one organisation; `role` is the role there."""

    id: int
    email: str | None
    full_name: str | None
    github_username: str | None
    created_at: float
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRecord:
    """An API key, of which only the digest is known. `member_role` is its user's role in the organisation today: a key
    can do no more than its user."""

    id: int
    organization_id: int
    user_id: int
    name: str
    role: Role
    member_role: Role
    prefix: str
    digest: str = field(repr=False)
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    last_used_at: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RepoRecord:
    """A registered repository. `folder` is the name of its mirror; `removed_at` says that it is offered no more."""

    id: int
    organization_id: int
    name: str
    full_name: str
    source: str = field(repr=False)
    folder: str
    default_branch: str | None
    language: str | None
    check_suite: Json | None
    created_at: float
    removed_at: float | None


@dataclass(frozen=True, kw_only=True)
class RunOverview:
    """A run as lists show it: all but what can be large (prompt, images, resume, outcome). `fitted` holds the checks that
    the result of a run that has ended was fitted to; `None` where that was never written down."""

    id: int
    organization_id: int
    user_id: int
    repo_id: int | None
    status: RunStatus
    leg: int
    metadata: Json | None
    model: str | None
    agent_type: str | None
    graph: str
    source_type: str
    result: str | None
    summary: str | None
    fitted: list[str] | None = None
    created_at: float
    updated_at: float
    started_at: float | None
    ended_at: float | None
    wanted: Wanted
    checks_banned: bool
    removed_from_pr: bool
    lease_owner: str | None
    lease_epoch: int
    lease_beat: int
    takeovers: int

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the run unless it is resumed."""
        return self.status in ENDED


@dataclass(frozen=True, kw_only=True)
class RunRecord(RunOverview):
    """A run. `images` counts those that were given: nobody looks at them, so none is kept.

    `place` is a random name, another one for each leg: what is kept of a leg outside the database goes by it, since
    numbers begin anew with the database. `question` names the interrupt that the run's thread waits in for a person.
    `resume` is `{"kind": "answer" | "go_on" | "follow_up", "prompt", "question", "previous_result", "previous_summary",
    "follow_up"}` once the run was resumed: an answer is one to `question` alone, and `follow_up` holds what began the leg.
    `worked` counts the seconds that the leg was worked on. `webhooks` are the run's own webhooks as `{"url", "secret"}`.
    """

    place: str
    prompt: str
    images: int = 0
    worked: float = 0.0
    question: str | None = None
    resume: Json | None = None
    outcome: Json | None = None
    webhooks: tuple[Mapping[str, str | None], ...] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRecord:
    """One log entry. Numbers count from 1 without a gap, also from one leg of a run to the next."""

    number: int
    created_at: float
    entry: Json


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookRecord:
    """The webhook of an organisation."""

    organization_id: int
    url: str
    secret: str | None = field(repr=False)
    enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDelivery:
    """A message for the outbox. `id` is its own, told to the receiver; `body` is sent as it stands."""

    id: str
    event: str
    url: str
    secret: str | None = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryRecord:
    """A message of the outbox. `attempts` counts the tries begun; `due_at` is `None` once it was delivered or given up."""

    id: str
    organization_id: int
    run_id: int
    leg: int
    event: str
    url: str
    secret: str | None = field(repr=False)
    body: str = field(repr=False)
    attempts: int
    created_at: float
    due_at: float | None
    delivered_at: float | None
    failed_at: float | None
    last_status: int | None
    last_error: str | None
