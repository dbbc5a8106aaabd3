"""The API's own shapes, typed. Fields and statuses that the documents do not name are kept, never dropped.

Source: the Codegen API's OpenAPI document of 2025-10 (create, get and list of agent runs, organizations).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from genloom.state import AgentRun
from genloom.tools.codegen.status import normalise_status

__all__ = [
    "IDEMPOTENCY_FIELD",
    "AgentRunPage",
    "AgentRunResponse",
    "CreateAgentRunInput",
    "OrganizationPage",
    "OrganizationResponse",
    "PullRequestResponse",
]

IDEMPOTENCY_FIELD = "idempotency_key"
"""The key of a run's metadata under which its idempotency key stands: the API has no field of its own for it."""


class _WireModel(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class PullRequestResponse(_WireModel):
    """A pull request that a run opened."""

    id: int
    title: str | None = None
    url: str | None = None
    created_at: str | None = None
    head_branch_name: str | None = None


class AgentRunResponse(_WireModel):
    """One run as the server tells it. `status` is free text: `normalise_status` says what it means."""

    id: int
    organization_id: int
    status: str | None = None
    created_at: str | None = None
    web_url: str | None = None
    result: str | None = None
    summary: str | None = None
    source_type: str | None = None
    github_pull_requests: tuple[PullRequestResponse, ...] | None = None
    metadata: dict[str, Any] | None = None  # Any: the caller's own JSON

    @property
    def idempotency_key(self) -> str:
        """The key in the run's metadata, empty when it has none."""
        key = (self.metadata or {}).get(IDEMPOTENCY_FIELD)
        return key if isinstance(key, str) else ""

    def to_run(self, *, idempotency_key: str = "") -> AgentRun:
        """Return the run as the graph's state holds it; the key given stands in when the server tells none."""
        return AgentRun(
            id=self.id,
            status=normalise_status(self.status),
            raw_status=self.status or "",
            web_url=self.web_url or "",
            result=self.result,
            summary=self.summary,
            pull_requests=tuple(request.url for request in self.github_pull_requests or () if request.url),
            idempotency_key=self.idempotency_key or idempotency_key,
        )


class AgentRunPage(_WireModel):
    """One page of runs, newest first. `page` counts from 1, `size` is the page's limit."""

    items: tuple[AgentRunResponse, ...]
    total: int = 0
    page: int = 1
    size: int = 0
    pages: int = 0


class OrganizationResponse(_WireModel):
    """An organisation that the token's owner belongs to."""

    id: int
    name: str = ""


class OrganizationPage(_WireModel):
    """One page of organisations."""

    items: tuple[OrganizationResponse, ...]
    total: int = 0
    page: int = 1
    size: int = 0
    pages: int = 0


class CreateAgentRunInput(BaseModel):
    """What starts a run. `images` are base64 data URIs; `repo_id` and `model` default to the organisation's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = Field(min_length=1)
    images: tuple[str, ...] | None = None
    metadata: dict[str, Any] | None = None  # Any: the caller's own JSON
    repo_id: int | None = None
    model: str | None = None
    agent_type: str | None = None
