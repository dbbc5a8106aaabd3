"""Agent runs: what starts, resumes and stops them, and how the server tells of them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from genloom.state import AgentRun
from genloom.tools.codegen.status import normalise_status
from genloom.tools.codegen.wire.page import Page
from genloom.tools.codegen.wire.pull_requests import PullRequestResponse
from genloom.tools.codegen.wire.shape import WireInput, WireModel
from genloom.tools.codegen.wire.webhooks import WebhookOverride

__all__ = [
    "FITTED_FIELD",
    "IDEMPOTENCY_FIELD",
    "SOURCE_TYPES",
    "AgentRunPage",
    "AgentRunResponse",
    "CreateAgentRunInput",
    "ResumeAgentRunInput",
    "RunFields",
    "StopAgentRunInput",
]

IDEMPOTENCY_FIELD = "idempotency_key"
"""The key of a run's metadata under which its idempotency key stands: the API has no field of its own for it."""

FITTED_FIELD = "fitted"
"""An addition of `genloom serve` to a run that has ended: the checks that its result was fitted to, as texts."""

SOURCE_TYPES = (
    *("LOCAL", "SLACK", "GITHUB", "GITHUB_CHECK_SUITE", "GITHUB_PR_REVIEW", "LINEAR"),
    *("API", "CHAT", "JIRA", "CLICKUP", "MONDAY", "SETUP_COMMANDS"),
)
"""The documented values of `source_type`; a server may tell others, and they are kept."""


class RunFields(WireModel):
    """What the server tells of a run wherever it tells of one. `status` is free text: `normalise_status` says what it
    means."""

    id: int
    organization_id: int
    status: str | None = None
    created_at: str | None = None
    web_url: str | None = None
    result: str | None = None
    metadata: dict[str, Any] | None = None  # Any: the caller's own JSON

    @property
    def idempotency_key(self) -> str:
        """The key in the run's metadata, empty when it has none."""
        key = (self.metadata or {}).get(IDEMPOTENCY_FIELD)
        return key if isinstance(key, str) else ""

    @property
    def fitted(self) -> tuple[str, ...] | None:
        """The checks that the result was fitted to, `None` where the server does not say."""
        told = (self.model_extra or {}).get(FITTED_FIELD)
        return tuple(map(str, told)) if isinstance(told, list | tuple) else None

    def to_run(self, *, idempotency_key: str = "") -> AgentRun:
        """Return the run as the graph's state holds it; the key given stands in when the server tells none."""
        return AgentRun(
            id=self.id,
            status=normalise_status(self.status),
            raw_status=self.status or "",
            web_url=self.web_url or "",
            result=self.result,
            idempotency_key=self.idempotency_key or idempotency_key,
            fitted=self.fitted,
        )


class AgentRunResponse(RunFields):
    """One run."""

    summary: str | None = None
    source_type: str | None = None
    github_pull_requests: tuple[PullRequestResponse, ...] | None = None

    def to_run(self, *, idempotency_key: str = "") -> AgentRun:
        """Return the run as the graph's state holds it, with its summary and the addresses of its pull requests."""
        urls = tuple(request.url for request in self.github_pull_requests or () if request.url)
        known = super().to_run(idempotency_key=idempotency_key)
        return known.model_copy(update={"summary": self.summary, "pull_requests": urls})


class AgentRunPage(Page[AgentRunResponse]):
    """One page of runs, newest first."""


class CreateAgentRunInput(WireInput):
    """What starts a run. `images` are base64 data URIs; `repo_id` and `model` default to the organisation's own.

    `webhooks` is an addition of the unconfirmed document of 2026-02: a server of 2025-10 may not know it.
    """

    prompt: str = Field(min_length=1)
    images: tuple[str, ...] | None = None
    metadata: dict[str, Any] | None = None  # Any: the caller's own JSON
    repo_id: int | None = None
    model: str | None = None
    agent_type: str | None = None
    webhooks: tuple[WebhookOverride, ...] | None = None


class ResumeAgentRunInput(WireInput):
    """What a paused run goes on with. `model` and `webhooks` are additions of the unconfirmed document of 2026-02."""

    agent_run_id: int
    prompt: str = Field(min_length=1)
    images: tuple[str, ...] | None = None
    model: str | None = None
    webhooks: tuple[WebhookOverride, ...] | None = None


class StopAgentRunInput(WireInput):
    """The run whose pull request's checks are banned or unbanned, or that Codegen is removed from.

    The card orders belong to the web application's board.
    """

    agent_run_id: int
    before_card_order_id: str | None = None
    after_card_order_id: str | None = None
