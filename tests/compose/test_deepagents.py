"""The generation graph as a sub-agent of deepagents, the package itself."""

from __future__ import annotations

from typing import Any

import pytest
from deepagents import CompiledSubAgent, create_deep_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from genloom.graphs import build_generation_agent
from genloom.state import GraphContext
from genloom.testing import Reply, ScriptedChatModel, ToolCall

TASK = "Write double(x). double(1) == 2, double(4) == 8, double(5) == 10, double(7) == 14"
SEARCH = GraphContext(generators=("search",))


def _lead(messages: list[Any], *, task: str = TASK) -> Reply | str:
    """The deep agent's model: it hands the task to the coder, and answers with what it was told."""
    if isinstance(messages[-1], ToolMessage):
        return f"The coder says: {messages[-1].content}"
    return Reply(tool_calls=(ToolCall(name="task", arguments={"description": task, "subagent_type": "coder"}),))


def _deep_agent(*, task: str = TASK, context: GraphContext = SEARCH, **options: Any) -> Any:
    coder = CompiledSubAgent(
        name="coder", description="Writes Python that is checked.", runnable=build_generation_agent(context=context)
    )
    model = ScriptedChatModel(rule=lambda messages: _lead(messages, task=task))
    return create_deep_agent(model, subagents=[coder], **options)


@pytest.mark.slow
def test_a_deep_agent_is_given_checked_code() -> None:
    """The tool's answer says that the code passed, and shows it."""
    answer = _deep_agent().invoke({"messages": [HumanMessage("I need a function that doubles.")]})["messages"][-1].text
    assert "The coder says: passed: The code below passed every check." in answer
    assert "def double" in answer


async def test_it_runs_in_a_loop_and_streams_the_inner_events() -> None:
    """Genloom's own events come through deepagents' tool, with the place that they come from."""
    events, places = [], set()
    stream = _deep_agent().astream({"messages": [HumanMessage("Go.")]}, stream_mode="custom", subgraphs=True)
    async for place, event in stream:
        places.add(place[0].split(":")[0])
        events.append(event["kind"])
    assert places == {"tools"}
    assert events.count("run_finished") == 1
    assert "verdict_ready" in events


def test_an_approval_interrupts_the_deep_agent_and_is_resumed_there() -> None:
    context = SEARCH.model_copy(update={"approval": True})
    agent, config = _deep_agent(context=context, checkpointer=InMemorySaver()), {"configurable": {"thread_id": "1"}}
    first = agent.invoke({"messages": [HumanMessage("Go.")]}, config)
    (asked,) = first["__interrupt__"]
    assert asked.value["question"] == "Approve this code?"
    answer = agent.invoke(Command(resume=True), config)["messages"][-1].text
    assert "Approved by a person." in answer


def test_a_context_of_the_run_goes_before_the_agents_own() -> None:
    agent = _deep_agent(context_schema=GraphContext)
    answer = agent.invoke({"messages": [HumanMessage("Go.")]}, context=GraphContext(generators=("reuse",)))
    assert "needs_model: No code was found." in answer["messages"][-1].text


def test_what_goes_wrong_is_told_to_the_deep_agents_model() -> None:
    """A model that nobody configured ends no run but its own."""
    agent = _deep_agent(context=GraphContext(generators=("model",), model="openai:none"))
    answer = agent.invoke({"messages": [HumanMessage("Go.")]})["messages"][-1].text
    assert "error: The code could not be written." in answer
    assert "OPENAI_API_KEY" in answer


def test_the_agent_alone_has_a_typed_result() -> None:
    state = build_generation_agent().invoke({"query": TASK}, context=SEARCH)
    assert state["outcome"].result == state["verdict"].result == "passed"
    assert state["final_answer"] == state["messages"][-1].text
    assert "def double" in state["draft"].source


def test_where_nothing_is_asked_the_answer_says_so() -> None:
    state = build_generation_agent().invoke({"messages": []}, context=SEARCH)
    assert state["outcome"].result == "error"
    assert "Say in words" in state["final_answer"]
