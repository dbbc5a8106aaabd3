"""The feature graph as a node of a user's graph: its approval stops the outer graph, and is resumed there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from feature_repository import SPECIFICATION, git, make_repository, scripted
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from typing_extensions import TypedDict

from genloom.graphs import StateSerializer, build_feature_graph
from genloom.state import GraphContext, Outcome
from genloom.state.feature import FeatureRequest, FeatureResult
from genloom.tools.sandbox import Sandbox


class Ticket(TypedDict, total=False):
    """A user's state."""

    feature: FeatureRequest
    outcome: Outcome
    result: FeatureResult
    closed: bool


def _close(state: Ticket) -> Ticket:
    return {"closed": state["outcome"].usable}


@pytest.mark.slow
def test_the_feature_graph_nests_and_is_approved_through_the_outer_checkpointer(tmp_path: Path) -> None:
    if not Sandbox().status().tier:
        pytest.skip(Sandbox().status().reason)
    repository = make_repository(tmp_path / "shop")
    builder = StateGraph(Ticket, context_schema=GraphContext)
    builder.add_node("work", build_feature_graph(model=scripted()))
    builder.add_node("close", _close)
    builder.add_edge(START, "work")
    builder.add_edge("work", "close")
    builder.add_edge("close", END)
    graph = builder.compile(checkpointer=InMemorySaver(serde=StateSerializer()))
    config: Any = {"configurable": {"thread_id": "1"}}
    context = GraphContext(repository=str(repository))
    given: Any = {"feature": {"specification": SPECIFICATION}}
    nodes = [
        name
        for _, update in graph.stream(given, config, context=context, stream_mode="updates", subgraphs=True)
        for name in update
    ]
    assert nodes[0] == "open_feature"
    assert {"plan_feature", "write_code", "commit_step"} <= set(nodes)
    assert "close" not in nodes
    state = graph.invoke(Command(resume=True), config, context=context)
    assert state["closed"]
    assert state["result"].branch in git(repository, "branch", "--list", "--format=%(refname:short)")
