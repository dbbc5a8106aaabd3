"""Runs with a purpose of their own: finding a repository's setup commands, explaining a sandbox's logs."""

from __future__ import annotations

from genloom.tools.codegen.wire.shape import WireInput, WireModel

__all__ = ["AnalyzeLogsResponse", "GenerateSetupCommandsInput", "SetupCommandsResponse"]


class GenerateSetupCommandsInput(WireInput):
    """The repository whose setup commands a run shall find."""

    repo_id: int
    prompt: str | None = None
    trigger_source: str = "setup-commands"


class SetupCommandsResponse(WireModel):
    """The run that was started."""

    agent_run_id: int
    status: str
    url: str


class AnalyzeLogsResponse(WireModel):
    """The run that was started to explain a sandbox's logs."""

    agent_run_id: int
    status: str
    message: str
