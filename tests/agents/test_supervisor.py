"""The supervisor: tasks are handed on, answers come back, and agents that call for each other come to an end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from genloom.errors import GraphDefinitionError
from genloom.graphs import build_supervisor_graph
from genloom.state.agent_spec import AgentPolicy, AgentSpec
from genloom.testing import Reply, ScriptedChatModel, ToolCall

CODER = AgentSpec(name="coder", description="Writes code.", tools=("shout",), system_prompt="You code.")
TESTER = AgentSpec(name="tester", description="Tests code.")


@tool
def shout(word: str) -> str:
    """Shout a word."""
    return word.upper()


def _hand(name: str, task: str) -> ToolCall:
    return ToolCall(name=f"hand_to_{name}", arguments={"task": task})


def _run(graph: Any, given: Any, face: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = (
        graph.invoke(given, **options) if face == "sync" else asyncio.run(graph.ainvoke(given, **options))
    )
    return found


def _answers(result: dict[str, Any]) -> list[str]:
    return [str(message.content) for message in result["messages"] if isinstance(message, ToolMessage)]


@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_task_is_handed_on_and_its_answer_comes_back(face: str) -> None:
    lead = ScriptedChatModel(replies=[Reply(tool_calls=(_hand("coder", "shout hi"),)), "They said HI."])
    coder = ScriptedChatModel(replies=[Reply(tool_calls=(ToolCall(name="shout", arguments={"word": "hi"}),)), "HI"])
    graph = build_supervisor_graph(
        [CODER.model_copy(update={"policy": AgentPolicy(approval=False)}), TESTER],
        {"shout": shout},
        model=lead,
        models={"coder": coder},
    )
    result = _run(graph, {"query": "Let them shout."}, face)
    assert result["final_answer"] == "They said HI."
    assert "answer of coder" in _answers(result)[0]
    assert "HI" in _answers(result)[0]
    assert [message.type for message in lead.calls[1]] == ["system", "human", "ai", "tool"]
    assert [str(message.content) for message in coder.calls[0]] == ["You code.", "shout hi"]
    assert "coder: Writes code." in str(lead.calls[0][0].content)


@pytest.mark.parametrize("face", ["sync", "async"])
def test_of_two_handoffs_in_one_answer_the_first_stands_and_the_others_are_answered(face: str) -> None:
    beside = ToolCall(name="shout", arguments={"word": "hi"})
    all_at_once = Reply(tool_calls=(beside, _hand("coder", "one"), _hand("tester", "two")))
    lead = ScriptedChatModel(replies=[all_at_once, Reply(tool_calls=(_hand("tester", "two"),)), "done"])
    models = {"coder": ScriptedChatModel(replies=["ok"]), "tester": ScriptedChatModel(replies=["tested"])}
    graph = build_supervisor_graph([CODER, TESTER], {"shout": shout}, model=lead, models=models, tools=[shout])
    result = _run(graph, {"query": "?"}, face)
    assert result["final_answer"] == "done"
    told = {m.name: str(m.content) for m in lead.calls[1] if isinstance(m, ToolMessage)}
    assert "one task is handed on at a time" in told["shout"]
    assert "one task is handed on at a time" in told["hand_to_tester"]
    assert "ok" in told["hand_to_coder"]
    assert "tested" in _answers(result)[-1]


def test_agents_that_call_for_each_other_come_to_an_end() -> None:
    def lead(messages: list[Any]) -> Reply:
        if "which is the limit" in str(messages[-1].content):
            return Reply(text="I give up.")
        return Reply(tool_calls=(_hand("coder", "again"),))

    graph = build_supervisor_graph(
        [CODER],
        {"shout": shout},
        model=ScriptedChatModel(rule=lead),
        models={"coder": ScriptedChatModel(rule=lambda messages: "ask me again")},
        max_handoffs=3,
    )
    result = graph.invoke({"query": "?"})
    assert result["final_answer"] == "I give up."
    assert len(_answers(result)) == 4


def test_a_lead_that_hands_on_after_the_limit_is_ended_with_what_the_agents_answered() -> None:
    lead = ScriptedChatModel(rule=lambda messages: Reply(tool_calls=(_hand("coder", "again"),)))
    coder = ScriptedChatModel(rule=lambda messages: "half of it")
    graph = build_supervisor_graph([CODER], {"shout": shout}, model=lead, models={"coder": coder}, max_handoffs=3)
    result = graph.invoke({"query": "?"})
    assert len(coder.calls) == 3
    assert len(lead.calls) == 5  # three tasks, the limit, and once more
    assert "I stopped after the most handoffs" in result["final_answer"]
    assert "half of it" in result["final_answer"]


@pytest.mark.parametrize("face", ["sync", "async"])
def test_the_turns_of_a_run_count_through_its_handoffs(face: str) -> None:
    def rule(messages: list[Any]) -> Reply:
        answered = sum(isinstance(message, ToolMessage) for message in messages)
        if answered % 3 == 2:
            return Reply(tool_calls=(_hand("coder", "again"),))
        return Reply(tool_calls=(ToolCall(name="shout", arguments={"word": "hi"}),))

    lead = ScriptedChatModel(rule=rule)
    graph = build_supervisor_graph(
        [CODER],
        {"shout": shout},
        model=lead,
        models={"coder": ScriptedChatModel(rule=lambda messages: "ok")},
        tools=[shout],
        most_turns=7,
        checkpointer=InMemorySaver(),
    )
    for run in (1, 2):  # each run has its own
        result = _run(graph, {"query": "?"}, face, config={"configurable": {"thread_id": "t"}})
        assert len(lead.calls) == 7 * run
        assert "I stopped after 7 turns" in result["final_answer"]
        assert "last answer in this run" in str(lead.calls[-1][-1].content)
        assert not any("last answer in this run" in str(message.content) for message in result["messages"])


def test_an_agent_that_fails_is_told() -> None:
    lead = ScriptedChatModel(replies=[Reply(tool_calls=(_hand("coder", "x"),)), "It failed."])
    broken = ScriptedChatModel(replies=[RuntimeError("no such thing")])
    graph = build_supervisor_graph([CODER], {"shout": shout}, model=lead, models={"coder": broken})
    result = graph.invoke({"query": "?"})
    assert result["final_answer"] == "It failed."
    assert "could not do it: RuntimeError: no such thing" in _answers(result)[0]


def test_a_thread_remembers_and_each_run_counts_its_own_handoffs() -> None:
    def lead(messages: list[Any]) -> Reply:
        if isinstance(messages[-1], ToolMessage):
            return Reply(text="done")
        return Reply(tool_calls=(_hand("coder", "x"),))

    graph = build_supervisor_graph(
        [CODER],
        {"shout": shout},
        model=ScriptedChatModel(rule=lead),
        models={"coder": ScriptedChatModel(rule=lambda messages: "ok")},
        max_handoffs=1,
        checkpointer=InMemorySaver(),
    )
    thread: Any = {"configurable": {"thread_id": "t"}}
    graph.invoke({"query": "first"}, thread)
    result = graph.invoke({"query": "second"}, thread)
    assert not any("limit" in answer for answer in _answers(result))
    assert [str(m.content) for m in result["messages"] if m.type == "human"] == ["first", "second"]


def test_an_agents_writing_tool_waits_for_a_person() -> None:
    lead = ScriptedChatModel(replies=[Reply(tool_calls=(_hand("coder", "shout"),)), "done"])
    call = Reply(tool_calls=(ToolCall(name="shout", arguments={"word": "hi"}),))
    coder = ScriptedChatModel(replies=[call, "HI"])
    graph = build_supervisor_graph(
        [CODER], {"shout": shout}, model=lead, models={"coder": coder}, checkpointer=InMemorySaver()
    )
    thread: Any = {"configurable": {"thread_id": "t"}}
    waiting = graph.invoke({"query": "?"}, thread)
    assert waiting["__interrupt__"][0].value["action_requests"][0]["name"] == "shout"
    result = graph.invoke(Command(resume={"decisions": [{"type": "approve"}]}), thread)
    assert result["final_answer"] == "done"


def test_mistakes_in_a_team_are_told_when_it_is_built() -> None:
    with pytest.raises(GraphDefinitionError, match="needs an agent"):
        build_supervisor_graph([])
    with pytest.raises(GraphDefinitionError, match="coder is taken twice"):
        build_supervisor_graph([CODER, CODER], {"shout": shout})
    with pytest.raises(GraphDefinitionError, match="names a tool 'shout' that is not there"):
        build_supervisor_graph([CODER])
    with pytest.raises(GraphDefinitionError, match="names Coder, cloud, which is no agent") as error:
        build_supervisor_graph(
            [CODER, AgentSpec(name="cloud", backend="codegen")], {"shout": shout}, models={"Coder": "a", "cloud": "b"}
        )
    assert "There are: coder" in error.value.hint
    with pytest.raises(GraphDefinitionError, match="max_handoffs is 0"):
        build_supervisor_graph([TESTER], max_handoffs=0)
    with pytest.raises(GraphDefinitionError, match="most_turns is 0"):
        build_supervisor_graph([TESTER], most_turns=0)
