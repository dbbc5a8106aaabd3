"""The graphs as LangGraph's servers and Studio load them: `langgraph.json` names the variables of this module.

They are compiled without a checkpointer, because the platform brings its own.
"""

from __future__ import annotations

from genloom.graphs import build_generation_graph
from genloom.interfaces.agents import offer_agents

__all__ = ["generation"]

offer_agents()
generation = build_generation_graph()
"""The generation graph: a request becomes checked code."""
