"""The graphs as LangGraph's servers and Studio load them: `langgraph.json` names the variables of this module.

They are compiled without a checkpointer, because the platform brings its own.
"""

from __future__ import annotations

from genloom.graphs import (
    build_agent_graph,
    build_batch_graph,
    build_feature_graph,
    build_generation_graph,
    build_review_graph,
)
from genloom.interfaces.agents import offer_agents
from genloom.interfaces.served_graph import served
from genloom.nodes.agent.repository_tools import RepositoryTools
from genloom.nodes.agent.system_prompt import SystemPrompt
from genloom.tools.effects import with_effect
from genloom.tools.sandbox.langchain_tool import run_python_tool

__all__ = ["agent", "batch", "feature", "generation", "review"]

offer_agents()

generation = served(build_generation_graph())
"""The generation graph: a request becomes checked code."""

review = served(build_review_graph())
"""The review graph: a diff, a revision or files become findings on their lines."""

feature = served(build_feature_graph())
"""The feature graph: a specification becomes a checked branch, which a person approves."""

agent = served(
    build_agent_graph(
        tools=[with_effect(run_python_tool(), "read")],
        system_message=SystemPrompt("coding_agent"),
        middleware=[RepositoryTools()],
        approval=True,
    )
)
"""An agent that works in the repository of the run's context, with its model; what changes anything waits for a person."""

batch = served(build_batch_graph())
"""The batch graph: many requests at once, one result for each."""
