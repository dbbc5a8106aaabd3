"""A run with what its agent did. The API calls this endpoint alpha: it may change."""

from __future__ import annotations

from typing import Any

from genloom.tools.codegen.wire.runs import RunFields
from genloom.tools.codegen.wire.shape import WireModel

__all__ = ["AgentRunLogResponse", "AgentRunWithLogsResponse"]


class AgentRunLogResponse(WireModel):
    """One step of a run. It has no number: entries are paged by how many came before."""

    agent_run_id: int
    created_at: str | None = None
    tool_name: str | None = None
    message_type: str | None = None
    thought: str | None = None
    observation: dict[str, Any] | str | None = None  # Any: whatever a tool returned
    tool_input: dict[str, Any] | None = None
    tool_output: dict[str, Any] | None = None


class AgentRunWithLogsResponse(RunFields):
    """A run and one page of its steps, oldest first unless they were asked for in reverse."""

    logs: tuple[AgentRunLogResponse, ...]
    total_logs: int | None = None
    page: int | None = None
    size: int | None = None
    pages: int | None = None
