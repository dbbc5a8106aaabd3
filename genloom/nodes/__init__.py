"""The nodes of genloom's graphs: each usable alone in a graph of your own."""

from genloom.nodes.dispatch_agent import dispatch_agent
from genloom.nodes.fallback import fallback, may_dispatch, model_failed
from genloom.nodes.finalize import finalize
from genloom.nodes.generate import generate
from genloom.nodes.inject_context import inject_context
from genloom.nodes.node import Node, node
from genloom.nodes.policies import NODE_POLICIES, NodeName, NodePolicy, policies_with
from genloom.nodes.repair import repair
from genloom.nodes.review import review
from genloom.nodes.runtime import NodeRuntime, current_runtime
from genloom.nodes.verify import verify

__all__ = [
    "NODE_POLICIES",
    "Node",
    "NodeName",
    "NodePolicy",
    "NodeRuntime",
    "current_runtime",
    "dispatch_agent",
    "fallback",
    "finalize",
    "generate",
    "inject_context",
    "may_dispatch",
    "model_failed",
    "node",
    "policies_with",
    "repair",
    "review",
    "verify",
]
