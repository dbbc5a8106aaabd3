"""The agent graph's threads: what it remembers, and long histories."""

from __future__ import annotations

from typing import Annotated, Any

from agent_runs import run
from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from genloom.errors import ModelError
from genloom.graphs import build_agent_graph
from genloom.nodes.agent.history import HistoryLimits
from genloom.nodes.policies import NodePolicy
from genloom.testing import ScriptedChatModel


def test_a_thread_remembers_and_a_query_is_asked_once(face: str) -> None:
    model = ScriptedChatModel(replies=["one", "two", "three"])
    graph = build_agent_graph(model, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    run(graph, {"query": "first"}, face=face, config=thread)
    run(graph, {"query": "second"}, face=face, config=thread)
    result = run(graph, {"messages": [HumanMessage("third")]}, face=face, config=thread)
    assert [message.content for message in result["messages"]] == ["first", "one", "second", "two", "third", "three"]


def test_a_long_history_is_summarised_by_the_model(face: str) -> None:
    def rule(messages: list[Any]) -> str:
        if "older part of a conversation" in str(messages[-1].content):
            return "They counted."
        return f"answer {len(messages)}"

    model = ScriptedChatModel(rule=rule)
    graph = build_agent_graph(model, history=HistoryLimits(max_messages=6), checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    for number in range(8):
        result = run(graph, {"query": f"question {number}"}, face=face, config=thread)
    texts = [str(message.content) for message in result["messages"]]
    assert texts[0] == "question 0"
    assert result["summary"] == "They counted."
    assert len(texts) <= 8
    sent = [str(message.content) for message in model.calls[-1]]
    assert sent[0] == "question 0"
    assert sent[1].endswith("They counted.")
    assert sent[-1] == "question 7"


def test_a_history_that_stays_too_long_is_not_summarised_at_every_turn() -> None:
    summaries = 0

    def rule(messages: list[Any]) -> str:
        nonlocal summaries
        summaries += "older part of a conversation" in str(messages[-1].content)
        return "fine"

    limits = HistoryLimits(max_messages=40, max_tokens=2_000)
    graph = build_agent_graph(ScriptedChatModel(rule=rule), history=limits, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    graph.invoke({"query": "a long question " * 2_000}, thread)
    for number in range(20):
        graph.invoke({"query": f"question {number}"}, thread)
    assert 0 < summaries <= 6


def test_a_summary_that_cannot_be_made_ends_no_run(face: str) -> None:
    def rule(messages: list[Any]) -> str | Exception:
        if "older part of a conversation" in str(messages[-1].content):
            return ModelError("The server is down.", kind="server")
        return "fine"

    graph = build_agent_graph(
        ScriptedChatModel(rule=rule),
        history=HistoryLimits(max_messages=4, keep_first=0),
        retries=NodePolicy(tries=2, base_seconds=0),
    )
    result = run(graph, {"messages": [HumanMessage(str(n)) for n in range(9)]}, face=face)
    assert result["final_answer"] == "fine"
    assert "a summary could not be made: The server is down." in result["summary"]


def test_in_a_graph_around_it_the_history_is_not_summarised_twice() -> None:
    summaries = 0

    def rule(messages: list[Any]) -> str:
        nonlocal summaries
        summaries += "older part of a conversation" in str(messages[-1].content)
        return "fine"

    class Around(TypedDict, total=False):
        messages: Annotated[list[AnyMessage], add_messages]
        summary: str
        summarised: str

    agent = build_agent_graph(ScriptedChatModel(rule=rule), history=HistoryLimits(max_messages=8))
    builder = StateGraph(Around)
    builder.add_node("agent", agent)
    builder.add_edge(START, "agent")
    graph = builder.compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    for number in range(12):
        given: Any = {"messages": [HumanMessage(f"question {number}")]}
        graph.invoke(given, thread)
    assert 0 < summaries <= 6
