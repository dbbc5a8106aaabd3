"""Composing genloom's nodes into other graphs."""

import operator
from typing import Annotated

import pytest
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from genloom.errors import GraphDefinitionError
from genloom.graphs import add_nodes
from genloom.nodes import inject_context, review, verify
from genloom.state import CodeContext, Draft, GenerationRequest, GraphContext, Verdict, module_draft


class MyState(TypedDict, total=False):
    """A user's own state, with keys of its own beside those of the nodes."""

    request: GenerationRequest
    draft: Draft
    verdict: Verdict
    context: CodeContext
    log: Annotated[list[str], operator.add]


def test_a_node_works_in_a_users_graph_with_a_users_state():
    """Only the declared keys are read and written."""
    builder = StateGraph(MyState, context_schema=GraphContext)
    add_nodes(builder, [inject_context, verify])
    builder.add_edge(START, "inject_context")
    builder.add_edge("inject_context", "verify")
    builder.add_edge("verify", END)
    draft = module_draft("def f(x):\n    return x + 1\n", path="f.py", name="f", generator="model")
    state = builder.compile().invoke(
        {"request": {"prompt": "add one", "examples": ["f(1) == 2"]}, "draft": draft, "log": ["mine"]}
    )
    assert state["verdict"].result == "passed"
    assert state["log"] == ["mine"]


def test_a_key_that_the_state_lacks_is_an_error_when_the_graph_is_built():
    """LangGraph would drop what is written to it in silence."""
    builder = StateGraph(MyState, context_schema=GraphContext)
    with pytest.raises(GraphDefinitionError, match="review"):
        add_nodes(builder, [review])
