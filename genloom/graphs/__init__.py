"""Graphs: wiring only. `build_*_graph()` returns a compiled graph."""

from genloom.graphs.agent import build_agent_graph
from genloom.graphs.batch import build_batch_graph
from genloom.graphs.composition import add_nodes, add_routers
from genloom.graphs.feature import build_feature_graph
from genloom.graphs.generation import build_generation_graph
from genloom.graphs.generation_agent import build_generation_agent
from genloom.graphs.spec_agent import build_spec_graph
from genloom.graphs.supervisor import build_supervisor_graph

__all__ = [
    "add_nodes",
    "add_routers",
    "build_agent_graph",
    "build_batch_graph",
    "build_feature_graph",
    "build_generation_agent",
    "build_generation_graph",
    "build_spec_graph",
    "build_supervisor_graph",
]
