"""The tools of whichever repository a run's context names, for agents that are made before any run is known."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from langchain.agents.middleware import AgentMiddleware, ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.types import Command

from genloom.config import Settings
from genloom.errors import UsageError
from genloom.nodes.agent.surroundings import Surroundings
from genloom.tools.codebase import Codebase, open_codebase
from genloom.tools.codebase.agent_tools import codebase_tools
from genloom.tools.coding import Workspace, coding_tools
from genloom.tools.coding.checking import checking_tools
from genloom.tools.coding.committing import git_tools
from genloom.tools.effects import with_effect

__all__ = ["RepositoryTools"]

Answer = ToolMessage | Command[Any]

MOST_KEPT = 8


class RepositoryTools(AgentMiddleware[Any, Any]):
    """Offers the tools that read, change, check and commit a repository's files, and runs those of the repository that
    `GraphContext.repository` names. In a run without one they say so."""

    def __init__(self) -> None:
        super().__init__()
        self._surroundings = Surroundings()
        self._kept: OrderedDict[tuple[str, Settings], Mapping[str, BaseTool]] = OrderedDict()
        self._lock = threading.Lock()
        anywhere = Workspace(Path(__file__).parent)  # names and arguments are the same for each; nothing of it is read
        self.tools = list(_tools(_no_repository, anywhere, ()).values())

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Answer]) -> Answer:
        """Run a call in the run's repository, in synchronous code."""
        return handler(request.override(tool=self._of(request)) if self._offers(request) else request)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Answer]]
    ) -> Answer:
        """Run a call in the run's repository, in a loop."""
        if self._offers(request):
            request = request.override(tool=await asyncio.to_thread(self._of, request))
        return await handler(request)

    def _offers(self, request: ToolCallRequest) -> bool:
        return any(request.tool is tool for tool in self.tools)

    def _of(self, request: ToolCallRequest) -> BaseTool:
        settings, context = self._surroundings.of(request.runtime.context)
        if context.repository is None:
            _no_repository()
        key = (context.repository, settings)
        with self._lock:
            if key not in self._kept:
                codebase = open_codebase(context.repository, settings)
                self._kept[key] = _tools(codebase, Workspace(codebase.root), settings.secrets)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[key][request.tool_call["name"]]


def _no_repository() -> NoReturn:
    raise UsageError("This run has no repository.", hint="Somebody has to set `repository` in its context.")


def _tools(
    codebase: Codebase | Callable[[], Codebase], workspace: Workspace, secrets: tuple[str, ...]
) -> Mapping[str, BaseTool]:
    reading = [with_effect(tool, "read") for tool in codebase_tools(codebase, secrets=secrets)]
    working = (
        *coding_tools(workspace, secrets=secrets),
        *checking_tools(workspace, secrets=secrets),
        *git_tools(workspace, secrets=secrets),
    )
    return {tool.name: tool for tool in (*reading, *working)}
