"""Graphs: wiring only. `build_*_graph()` returns a compiled graph."""

from typing import TYPE_CHECKING

from genloom.lazy import lazy_names

if TYPE_CHECKING:
    from genloom.graphs.agent import build_agent_graph
    from genloom.graphs.agent_graph import AgentAnswer, AgentGraph, AgentQuestion
    from genloom.graphs.batch import build_batch_graph
    from genloom.graphs.composition import add_nodes, add_routers
    from genloom.graphs.feature import build_feature_graph
    from genloom.graphs.generation import build_generation_graph
    from genloom.graphs.generation_agent import GenerationAsked, GenerationConversation, build_generation_agent
    from genloom.graphs.image_file import image_address
    from genloom.graphs.review import build_review_graph
    from genloom.graphs.routing import GENERATION_ROUTERS, Router
    from genloom.graphs.spec_agent import build_spec_graph
    from genloom.graphs.supervisor import build_supervisor_graph
    from genloom.tools.store.state_serializer import StateSerializer
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "agent": "build_agent_graph",
            "agent_graph": "AgentAnswer AgentGraph AgentQuestion",
            "batch": "build_batch_graph",
            "composition": "add_nodes add_routers",
            "feature": "build_feature_graph",
            "generation": "build_generation_graph",
            "image_file": "image_address",
            "generation_agent": "GenerationAsked GenerationConversation build_generation_agent",
            "review": "build_review_graph",
            "routing": "GENERATION_ROUTERS Router",
            "spec_agent": "build_spec_graph",
            "supervisor": "build_supervisor_graph",
            "genloom.tools.store.state_serializer": "StateSerializer",
        },
    )

__all__ = [
    "GENERATION_ROUTERS",
    "AgentAnswer",
    "AgentGraph",
    "AgentQuestion",
    "GenerationAsked",
    "GenerationConversation",
    "Router",
    "StateSerializer",
    "add_nodes",
    "add_routers",
    "build_agent_graph",
    "build_batch_graph",
    "build_feature_graph",
    "build_generation_agent",
    "build_generation_graph",
    "build_review_graph",
    "build_spec_graph",
    "build_supervisor_graph",
    "image_address",
]
