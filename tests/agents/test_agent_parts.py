"""What an agent is put together of wrongly is told when it is built, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from agent_runs import add, answers, calls

from genloom.errors import GraphDefinitionError, RequestError
from genloom.graphs import (
    build_agent_graph,
    build_batch_graph,
    build_generation_agent,
    build_generation_graph,
    build_spec_graph,
    build_supervisor_graph,
)
from genloom.state.agent_spec import AgentSpec
from genloom.testing import ScriptedChatModel
from genloom.tools.effects import with_effect

ANYTHING: Any = object()
MODEL = ScriptedChatModel(rule=lambda messages: "ok")
SPEC = AgentSpec(name="a", tools=("b",))


def _undocumented(first: int) -> int:
    return first


def _built(**options: Any) -> Callable[[], object]:
    return lambda: build_agent_graph(MODEL, **options)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: build_agent_graph(ANYTHING), "model is no chat model but object"),
        (_built(tools=add), "tools are no list but StructuredTool"),
        (_built(tools=["add"]), "'add' is no tool"),
        (_built(tools=[_undocumented]), "No tool can be made of"),
        (_built(tools=[add, add]), "Two tools have the name add"),
        (_built(retries=3), "retries= is no NodePolicy but int"),
        (_built(tool_limits={"seconds": 1}), "tool_limits= is no ToolLimits but dict"),
        (_built(history={"max_messages": 9}), "history= is no HistoryLimits but dict"),
        (_built(most_turns=0), "most_turns is 0"),
        (
            lambda: build_generation_graph(policies={"generate": ANYTHING}),
            "policy of generate is no NodePolicy but object",
        ),
        (lambda: build_generation_agent(context=ANYTHING), "context= is no GraphContext but object"),
        (lambda: build_spec_graph(SPEC, [add]), "A toolbox is no list"),  # type: ignore[arg-type]  # what is refused
        (lambda: build_spec_graph(SPEC, {"b": ANYTHING}), "has no tool under 'b' but object"),
        (lambda: build_supervisor_graph([ANYTHING]), "no AgentSpec but object"),
        (lambda: build_batch_graph(concurrency=ANYTHING), "room for one request"),
        (lambda: with_effect(add, ANYTHING), "is nothing that a tool does"),
        (lambda: with_effect(ANYTHING, "read"), "is no tool that could say"),
    ],
)
def test_what_is_nothing_of_the_kind_is_told(build: Callable[[], object], told: str) -> None:
    with pytest.raises(GraphDefinitionError, match=told) as error:
        build()
    assert error.value.hint


def test_functions_and_any_iterable_of_tools_are_taken() -> None:
    def double(number: int) -> int:
        """Double a number."""
        return number * 2

    model = ScriptedChatModel(replies=[calls(("double", {"number": 2}), ("add", {"first": 1, "second": 2})), "done"])
    tools: Any = {"double": double, "add": add}.values()
    assert answers(build_agent_graph(model, tools).invoke({"query": "?"})) == ["4", "3"]


@pytest.mark.parametrize("given", [{"query": 3}, {"query": "?", "images": "https://a"}, {"query": "?", "images": [1]}])
def test_a_question_that_is_none_is_told(given: Any) -> None:
    for graph in (build_agent_graph(MODEL), build_supervisor_graph([AgentSpec(name="a")], model=MODEL)):
        with pytest.raises(RequestError, match="is no"):
            graph.invoke(given)
