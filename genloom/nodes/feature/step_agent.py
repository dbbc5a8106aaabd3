"""Who works on a step of a feature, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable

from genloom.nodes.runtime import NodeRuntime
from genloom.state.agent_spec import AgentSpec
from genloom.state.feature import FeatureStep

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["StepAgent"]

BuildAgent = Callable[[Path, NodeRuntime, "Sequence[BaseTool]"], Runnable[Any, Any]]  # Any: an agent graph's own state


@dataclass(frozen=True, kw_only=True)
class StepAgent:
    """The agent of one step: its spec, whether it has a model of its own, and, for the backend `model`, how its graph is
    built over a worktree, with further tools."""

    step: FeatureStep
    spec: AgentSpec
    has_model: bool
    build: BuildAgent
