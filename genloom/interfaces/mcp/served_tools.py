"""Which tools are served: those that only read, and with leave those that change files or start paid runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from genloom.config import Settings
from genloom.interfaces.mcp.checked_code import checked_code_tools
from genloom.state import GraphContext
from genloom.tools.codebase import codebase_tools, open_codebase
from genloom.tools.coding import Workspace, coding_tools
from genloom.tools.coding.checking import checking_tools
from genloom.tools.coding.committing import git_tools
from genloom.tools.effects import effect_of, with_effect
from genloom.tools.sandbox import run_python_tool, sandbox_for
from genloom.tools.synthesis.langchain_tool import search_program_tool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["served_tools"]

_FREE_OF_AGENTS = ("codegen_status", "codegen_logs", "codegen_list")


def served_tools(
    repository: Path, settings: Settings, *, write: bool = False, agents: bool = False, model: str | None = None
) -> list[BaseTool]:
    """Return the tools for a repository: the reading ones, with `write` those that change its files and commit, with
    `agents` those of the configured Codegen API, whose runs may cost."""
    workspace = Workspace(repository)
    secrets = settings.secrets
    context = GraphContext(repository=str(workspace.root))
    reading = [
        *codebase_tools(open_codebase(str(workspace.root), settings), secrets=secrets),
        run_python_tool(sandbox_for(GraphContext(), settings), secrets=secrets),
        search_program_tool(secrets=secrets),
    ]
    own = [
        *checked_code_tools(workspace, settings, model=model),
        *checking_tools(workspace, sandbox=sandbox_for(context, settings), secrets=secrets),
        *git_tools(workspace, secrets=secrets),
        *coding_tools(workspace, secrets=secrets),
    ]
    marked = [*(with_effect(tool, "read") for tool in reading), *own]
    tools = [tool for tool in marked if write or effect_of(tool) == "read"]
    return [*tools, *(_agents() if agents else ())]


def _agents() -> Iterator[BaseTool]:
    from genloom.interfaces.agents import offer_agents  # only who asks for agents pays for their client
    from genloom.tools.codegen.langchain_tools import codegen_tools

    offer_agents()
    for tool in codegen_tools():
        yield with_effect(tool, "read") if tool.name in _FREE_OF_AGENTS else tool
