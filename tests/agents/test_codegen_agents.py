"""The agents that users of Codegen's extension know, over a real repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langgraph.types import Command

from genloom.errors import CredentialError, GraphDefinitionError, ModelNameError, ThreadError
from genloom.graphs.codegen_agents import (
    create_agent_with_tools,
    create_chat_agent,
    create_codebase_agent,
    create_codebase_inspector_agent,
    create_react_agent,
)
from genloom.testing import Reply, ScriptedChatModel, ToolCall
from genloom.tools.effects import with_effect

THREAD: Any = {"configurable": {"thread_id": "t"}}


@tool
def shout(word: str) -> str:
    """Shout a word."""
    return word.upper()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "numbers.py").write_text("def one():\n    return 2\n")
    return root


def _call(name: str, **arguments: Any) -> Reply:
    return Reply(tool_calls=(ToolCall(name=name, arguments=arguments),))


EDIT = _call("edit_file", path="numbers.py", old="return 2", new="return 1")


def test_a_codebase_agent_searches_and_changes_files(repository: Path) -> None:
    model = ScriptedChatModel(replies=[_call("search_code", query="one"), EDIT, "Mended."])
    agent = create_codebase_agent(repository, model=model)
    result = agent.invoke({"query": "one() gives 2"}, THREAD)
    assert result["final_answer"] == "Mended."
    assert (repository / "numbers.py").read_text() == "def one():\n    return 1\n"
    answers = [str(message.content) for message in result["messages"] if isinstance(message, ToolMessage)]
    assert "numbers.py" in answers[0]
    assert "+    return 1" in answers[1]


def test_a_chat_agent_asks_before_it_changes_a_file(repository: Path) -> None:
    agent = create_chat_agent(repository, model=ScriptedChatModel(replies=[EDIT, "Done."]))
    waiting = agent.invoke({"query": "mend it"}, THREAD)
    assert waiting["__interrupt__"][0].value["action_requests"][0]["name"] == "edit_file"
    assert "return 2" in (repository / "numbers.py").read_text()
    agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), THREAD)
    assert "return 1" in (repository / "numbers.py").read_text()


def test_an_inspector_has_no_tool_that_changes_anything(repository: Path) -> None:
    model = ScriptedChatModel(replies=[EDIT, "I cannot."])
    agent = create_codebase_inspector_agent(repository, model=model, additional_tools=[with_effect(shout, "read")])
    result = agent.invoke({"query": "mend it"}, THREAD)
    assert "There is no tool 'edit_file'" in str(result["messages"][2].content)
    assert "return 2" in (repository / "numbers.py").read_text()
    with pytest.raises(GraphDefinitionError, match="changes nothing, and shout may"):
        create_codebase_inspector_agent(repository, model=model, additional_tools=[shout])


def test_an_additional_tool_goes_before_one_of_its_name(repository: Path) -> None:
    @tool
    def delete_file(path: str) -> str:
        """Refuse."""
        return "refused"

    model = ScriptedChatModel(replies=[_call("delete_file", path="numbers.py"), "ok"])
    agent = create_codebase_agent(repository, model=model, additional_tools=[delete_file])
    agent.invoke({"query": "delete it"}, THREAD)
    assert (repository / "numbers.py").exists()


def test_the_old_names_of_the_histories_limits_count() -> None:
    model = ScriptedChatModel(rule=lambda messages: "fine")
    agent = create_react_agent(model, [shout], "You shout.", config={"max_messages": 6, "keep_first_messages": 1})
    result = agent.invoke({"messages": [("user", str(number)) for number in range(12)]})
    assert len(result["messages"]) <= 7
    with pytest.raises(GraphDefinitionError, match="knows no max_message"):
        create_react_agent(model, [shout], config={"max_message": 6})


def test_memory_lasts_by_thread_and_can_be_left_out() -> None:
    model = ScriptedChatModel(rule=lambda messages: f"{len(messages)} messages")
    remembering = create_agent_with_tools([shout], model=model)
    remembering.invoke({"query": "one"}, THREAD)
    assert remembering.invoke({"query": "two"}, THREAD)["final_answer"] == "3 messages"
    forgetting = create_agent_with_tools([shout], model=model, memory=False)
    forgetting.invoke({"query": "one"})
    assert forgetting.invoke({"query": "two"})["final_answer"] == "1 messages"


def test_options_of_a_model_that_is_not_named_are_refused() -> None:
    with pytest.raises(GraphDefinitionError, match="Which model shall have temperature"):
        create_agent_with_tools([shout], temperature=0.2)
    with pytest.raises(GraphDefinitionError, match="Which model shall have that provider"):
        create_agent_with_tools([shout], "openai")


def test_a_keyword_that_nobody_knows_is_refused(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ScriptedChatModel(replies=["never"])
    for create in (create_codebase_agent, create_chat_agent, create_codebase_inspector_agent):
        with pytest.raises(GraphDefinitionError, match="takes no require_approval"):
            create(repository, model=model, require_approval=True)
    with pytest.raises(GraphDefinitionError, match="Two models are named"):
        create_codebase_agent(repository, "openai", "gpt-5", model=model)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert create_codebase_agent(repository, "openai", "gpt-5", temperature=0.2)
    with (
        pytest.warns(UserWarning, match="read_only"),  # of the provider's package
        pytest.raises(GraphDefinitionError, match="Neither an agent nor openai:gpt-5 knows read_only"),
    ):
        create_codebase_agent(repository, "openai", "gpt-5", read_only=True)
    with pytest.raises(ModelNameError, match="temperature"):
        create_codebase_agent(repository, "openai", "gpt-4.1", temperature="hot")


def test_a_named_model_without_a_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(CredentialError, match="No key for gpt-5"):
        create_agent_with_tools([shout], None, "gpt-5", temperature=0.2)
    with pytest.raises(CredentialError, match="No key for gpt-5"):
        create_agent_with_tools([shout], None, "gpt-5", memory=False).invoke({"query": "?"})


def test_a_chat_agent_asks_without_memory_too(repository: Path) -> None:
    agent = create_chat_agent(repository, model=ScriptedChatModel(replies=[EDIT, "Done."]), memory=False)
    with pytest.raises(ThreadError, match="needs a person's approval"):
        agent.invoke({"query": "mend it"})
    assert "return 2" in (repository / "numbers.py").read_text()
