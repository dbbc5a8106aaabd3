"""The codebase as tools of a LangChain agent."""

from genloom.tools.codebase.agent_tools.tools import CodeToolName, codebase_tools

__all__ = ["CodeToolName", "codebase_tools"]
