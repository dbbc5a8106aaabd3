"""The parts of the agent graph: middleware for LangChain's `create_agent`, one concern each.

Import from the modules; `genloom.graphs.build_agent_graph` puts them together.
"""

from __future__ import annotations

__all__: list[str] = []
