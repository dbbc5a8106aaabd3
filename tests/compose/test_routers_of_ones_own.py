"""Routers and policies of a user's own in the generation graph."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from genloom.errors import GraphDefinitionError
from genloom.graphs import build_generation_graph
from genloom.graphs.drawing import draw_graph
from genloom.graphs.routing import GENERATION_ROUTERS
from genloom.nodes import NodePolicy, verify
from genloom.state import GraphContext
from genloom.state.graph_state import GraphState
from genloom.testing import ScriptedChatModel
from genloom.tools.chat.models import registered_models

REQUEST = {"prompt": "Double a number", "name": "double", "examples": ["double(1) == 2", "double(4) == 8"]}
WRONG = "```python\ndef double(x: int) -> int:\n    return 3 * x\n```"


def no_review(state: GraphState) -> Literal["finalize"]:
    """Nothing is reviewed or repaired: the first verdict stands."""
    return "finalize"


class Finish:
    """A router may be any callable."""

    def __call__(self, state: Any) -> Literal["finalize"]:
        return "finalize"


@pytest.mark.parametrize("router", [no_review, Finish()], ids=["function", "object"])
def test_a_router_of_ones_own_stands_in_place_of_another(router):
    """Without the repair, the model is asked once."""
    model = ScriptedChatModel(rule=lambda messages: WRONG)
    with registered_models.override("mine", model):
        graph = build_generation_graph(routers={"verify": router})
        context = GraphContext(model="mine", generators=("model",), one_call=True)
        state = graph.invoke({"request": REQUEST}, context=context)
    assert state["outcome"].result == "failed"
    assert len(model.calls) == 1
    assert "review" not in state


def test_the_drawing_shows_where_it_leads():
    def ways(drawn: str) -> int:
        return sum(line.strip().startswith("verify -") for line in drawn.splitlines())

    assert ways(draw_graph(build_generation_graph())) == 3
    assert ways(draw_graph(build_generation_graph(routers={"verify": no_review}))) == 1


def test_a_router_behind_a_node_that_has_none_is_refused_with_the_names():
    with pytest.raises(GraphDefinitionError, match="no router behind verfy") as caught:
        build_generation_graph(routers={"verfy": no_review})  # type: ignore[dict-item]
    assert all(name in caught.value.hint for name in GENERATION_ROUTERS)


def test_a_router_says_which_nodes_it_chooses():
    """Otherwise a wrong name would show when the graph runs, and the drawing would show edges to every node."""

    def untold(state: Any) -> str:
        return "finalise"

    def mistaken(state: Any) -> Literal["finalise"]:
        return "finalise"

    with pytest.raises(GraphDefinitionError, match="does not say what it chooses"):
        build_generation_graph(routers={"verify": untold})
    with pytest.raises(GraphDefinitionError, match="chooses finalise, which the graph has not") as caught:
        build_generation_graph(routers={"verify": mistaken})
    assert "finalize" in caught.value.hint


def test_a_nodes_policy_is_replaced_by_name():
    """Of one graph alone; a node that carries a policy of its own keeps it."""
    quick = NodePolicy(tries=1, limit_seconds=9.0)
    graph = build_generation_graph(policies={"verify": quick})
    bound: Any = graph.builder.nodes["verify"].runnable
    assert bound.policy == quick
    assert verify.policy != quick
    with pytest.raises(GraphDefinitionError, match="no node verfy"):
        build_generation_graph(policies={"verfy": quick})  # type: ignore[dict-item]
