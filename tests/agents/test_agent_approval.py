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


def waiting_for(done: list[str], *, calls_of: int = 1) -> Any:
    """An agent whose one answer asks to remove so many files."""

    @tool
    def remove(path: str) -> str:
        """Remove a file."""
        done.append(path)
        return "removed"

    wanted = calls(*[("remove", {"path": f"file{number}"}) for number in range(calls_of)])
    model = ScriptedChatModel(replies=[wanted, "done"])
    return build_agent_graph(model, [remove], approval=True, checkpointer=InMemorySaver())


EDIT = {"name": "remove", "args": {"path": "other"}}
NO_ANSWERS = {
    "a word": "yes",
    "a number": 1,
    "a list": [True],
    "another key": {"aprove": True},
    "no decisions": {"decisions": None},
    "too few": {"decisions": []},
    "too many": {"decisions": [{"type": "approve"}, {"type": "approve"}]},
    "misspelt": {"decisions": [{"type": "aprove"}]},
    "a decision that is none": {"decisions": [True]},
    "an edit of nothing": {"decisions": [{"type": "edit"}]},
    "an edit to another tool": {"decisions": [{"type": "edit", "edited_action": {**EDIT, "name": "format_disk"}}]},
    "an edit without arguments": {"decisions": [{"type": "edit", "edited_action": {"name": "remove"}}]},
    "a response of nothing": {"decisions": [{"type": "respond"}]},
    "a message that is no text": {"decisions": [{"type": "reject", "message": 3}]},
}


@pytest.mark.parametrize("wrong", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_an_answer_that_decides_nothing_is_told_and_asked_again(face: str, wrong: Any) -> None:
    """Nothing is run by it, and the right answer still comes through, also after two wrong ones."""
    done: list[str] = []
    graph = waiting_for(done)
    thread: Any = {"configurable": {"thread_id": "t"}}
    first = run(graph, {"query": "?"}, face=face, config=thread)["__interrupt__"][0].value
    for answer in (wrong, "perhaps"):
        again = run(graph, Command(resume=answer), face=face, config=thread)["__interrupt__"][0].value
        assert again["action_requests"] == first["action_requests"]
        assert "no call was run" in again["problem"]
        assert not done
    result = run(graph, Command(resume={"decisions": [{"type": "approve"}]}), face=face, config=thread)
    assert (done, result["final_answer"]) == (["file0"], "done")


@pytest.mark.parametrize("answer", [True, False, {"approve": True}, {"approve": False}])
def test_yes_and_no_decide_all_calls_alike_as_in_the_other_graphs(face: str, answer: Any) -> None:
    done: list[str] = []
    graph = waiting_for(done, calls_of=2)
    thread: Any = {"configurable": {"thread_id": "t"}}
    run(graph, {"query": "?"}, face=face, config=thread)
    result = run(graph, Command(resume=answer), face=face, config=thread)
    assert sorted(done) == (["file0", "file1"] if answer in (True, {"approve": True}) else [])
    assert result["final_answer"] == "done"


def test_each_call_has_a_decision_of_its_own(face: str) -> None:
    """Approved, edited, rejected and answered in its place: each as it was decided, the model told of it."""
    done: list[str] = []
    graph = waiting_for(done, calls_of=4)
    thread: Any = {"configurable": {"thread_id": "t"}}
    run(graph, {"query": "?"}, face=face, config=thread)
    decisions = [
        {"type": "approve"},
        {"type": "edit", "edited_action": EDIT},
        {"type": "reject", "message": "leave it"},
        {"type": "respond", "message": "it is gone already"},
    ]
    result = run(graph, Command(resume={"decisions": decisions}), face=face, config=thread)
    assert sorted(done) == ["file0", "other"]
    told = "\n".join(answers(result))
    assert "leave it" in told
    assert "it is gone already" in told
