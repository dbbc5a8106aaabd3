"""The agent graph's approval: a call that changes something waits for a person."""

from __future__ import annotations

from typing import Any

import pytest
from agent_runs import add, answers, calls, run
from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command

from genloom.errors import ThreadError
from genloom.graphs import build_agent_graph
from genloom.testing import ScriptedChatModel
from genloom.tools.effects import with_effect


def test_a_writing_tool_waits_for_approval_and_a_reading_one_does_not(face: str) -> None:
    done: list[str] = []

    @tool
    def remove(path: str) -> str:
        """Remove a file."""
        done.append(path)
        return "removed"

    reading: BaseTool = with_effect(add, "read")
    adding = calls(("add", {"first": 1, "second": 2}))
    model = ScriptedChatModel(replies=[adding, calls(("remove", {"path": "a"})), "done"])
    graph = build_agent_graph(model, [reading, remove], approval=True, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    waiting = run(graph, {"query": "?"}, face=face, config=thread)
    assert waiting["__interrupt__"][0].value["action_requests"][0]["name"] == "remove"
    assert not done
    assert answers(waiting) == ["3"]
    result = run(graph, Command(resume={"decisions": [{"type": "approve"}]}), face=face, config=thread)
    assert done == ["a"]
    assert result["final_answer"] == "done"


def test_nobody_is_asked_about_a_call_that_cannot_be_run(face: str) -> None:
    done: list[str] = []

    @tool
    def remove(path: str) -> str:
        """Remove a file."""
        done.append(path)
        return "removed"

    wrong = calls(("remove", {"file": "a"}))
    beside = calls(("remove", {}), ("remove", {"path": "b"}))
    model = ScriptedChatModel(replies=[wrong, beside, "done"])
    graph = build_agent_graph(model, [remove], approval=True, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    waiting = run(graph, {"query": "?"}, face=face, config=thread)
    assert [each["args"] for each in waiting["__interrupt__"][0].value["action_requests"]] == [{"path": "b"}]
    assert "remove was not called" in answers(waiting)[0]
    result = run(graph, Command(resume={"decisions": [{"type": "approve"}]}), face=face, config=thread)
    assert done == ["b"]
    assert sum("remove was not called" in answer for answer in answers(result)) == 2


def test_a_rejected_call_changes_nothing(face: str) -> None:
    done: list[str] = []

    @tool
    def remove(path: str) -> str:
        """Remove a file."""
        done.append(path)
        return "removed"

    model = ScriptedChatModel(replies=[calls(("remove", {"path": "a"})), "I left it."])
    graph = build_agent_graph(model, [remove], approval=True, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    run(graph, {"query": "?"}, face=face, config=thread)
    decision = {"decisions": [{"type": "reject", "message": "leave it"}]}
    result = run(graph, Command(resume=decision), face=face, config=thread)
    assert not done
    assert result["final_answer"] == "I left it."


def test_a_person_may_go_on_while_a_call_waits_for_approval(face: str) -> None:
    @tool
    def remove(path: str) -> str:
        """Remove a file."""
        return "removed"

    model = ScriptedChatModel(replies=[calls(("remove", {"path": "a"})), "I left it.", "Yes."])
    graph = build_agent_graph(model, [remove], approval=True, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    run(graph, {"query": "remove it"}, face=face, config=thread)
    result = run(graph, {"query": "rather not"}, face=face, config=thread)
    assert result["final_answer"] == "I left it."
    assert [message.type for message in model.calls[1]] == ["human", "ai", "tool", "human"]
    assert "was not run" in answers(result)[0]


def test_tools_that_middleware_brings_wait_for_approval_too(face: str) -> None:
    @tool
    def remove(path: str) -> str:
        """Remove a file."""
        return "removed"

    class Bringing(AgentMiddleware[Any, Any]):
        tools = [remove]

    model = ScriptedChatModel(replies=[calls(("remove", {"path": "a"})), "done"])
    graph = build_agent_graph(model, middleware=[Bringing()], approval=True, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}
    waiting = run(graph, {"query": "?"}, face=face, config=thread)
    assert waiting["__interrupt__"][0].value["action_requests"][0]["name"] == "remove"


def test_without_a_checkpointer_an_approval_is_an_error_that_says_what_is_missing(face: str) -> None:
    """The run would end, and nobody could decide; a graph around it may bring the checkpointer."""
    done: list[str] = []

    @tool
    def remove(path: str) -> str:
        """Remove a file."""
        done.append(path)
        return "removed"

    def agent(*replies: Any) -> Any:
        return build_agent_graph(ScriptedChatModel(replies=list(replies)), [remove], approval=True)

    for config in ({}, {"configurable": {"thread_id": "t"}}):
        with pytest.raises(ThreadError, match="remove needs a person's approval"):
            run(agent(calls(("remove", {"path": "a"}))), {"query": "?"}, face=face, config=config)
    assert not done
    assert run(agent("nothing to do"), {"query": "?"}, face=face)["final_answer"] == "nothing to do"

    around = StateGraph(MessagesState)
    around.add_node("agent", agent(calls(("remove", {"path": "a"}))))
    around.add_edge(START, "agent")
    graph = around.compile(checkpointer=InMemorySaver())
    given: Any = {"messages": [HumanMessage("remove it")]}
    waiting = run(graph, given, face=face, config={"configurable": {"thread_id": "t"}})
    assert waiting["__interrupt__"][0].value["action_requests"][0]["name"] == "remove"
