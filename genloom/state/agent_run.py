"""A run of a Codegen agent, as the graph remembers it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from genloom.state.part import StatePart

__all__ = ["AgentRun", "AgentStatus"]

AgentStatus = Literal["queued", "running", "paused", "completed", "failed", "cancelled", "timeout", "unknown"]


class AgentRun(StatePart):
    """One run: its number at the backend, its status normalised and as the server wrote it, its result and links.

    `idempotency_key` is what the run's metadata carry so that it is found again and never started twice. `fitted` holds
    the examples that the result was fitted to, and which thus prove nothing of it; `None` where nobody says.
    """

    id: Annotated[int, Field(ge=0, lt=2**63)]
    status: AgentStatus
    raw_status: str = ""
    web_url: str = ""
    result: str | None = None
    summary: str | None = None
    pull_requests: tuple[str, ...] = ()
    idempotency_key: str = ""
    fitted: tuple[str, ...] | None = None
