"""`search_program`: the search as a LangChain tool, called by a real agent's loop."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import ToolMessage

from genloom.testing import Reply, ScriptedChatModel, ToolCall
from genloom.tools.sandbox import Sandbox
from genloom.tools.synthesis import search_program_tool

SHOUT = ["shout('ab') == 'AB'", "shout('x') == 'X'", "shout('no go') == 'NO GO'"]
KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """A sandbox that holds on this machine."""
    box = Sandbox()
    if not box.status().tier:
        pytest.skip(box.status().reason)
    return box


def asking(**arguments: Any) -> ScriptedChatModel:
    """A model that searches once and then says what came of it."""
    return ScriptedChatModel(
        rule=lambda messages: (
            f"It said: {messages[-1].content}"
            if isinstance(messages[-1], ToolMessage)
            else Reply(tool_calls=(ToolCall(name="search_program", arguments=arguments),))
        )
    )


def test_an_agent_searches_and_reads_the_module(sandbox: Sandbox) -> None:
    """In `create_agent`'s loop: what it is worth comes first, then the source."""
    agent = create_agent(
        asking(prompt="Upper case", examples=SHOUT), tools=[search_program_tool(seconds=120, runner=sandbox)]
    )
    told = agent.invoke({"messages": [("user", "Write shout.")]})["messages"][-1].content
    assert told.startswith("It said: passed: it also gives what the search never saw: shout(")
    assert "def shout(text: str) -> str:" in told


async def test_an_agent_searches_in_an_event_loop(sandbox: Sandbox) -> None:
    """The same with `ainvoke`; a signature is kept."""
    model = asking(prompt="Upper case", examples=SHOUT, signature="shout(words: str) -> str")
    agent = create_agent(model, tools=[search_program_tool(seconds=120, runner=sandbox)])
    told = (await agent.ainvoke({"messages": [("user", "Write shout.")]}))["messages"][-1].content
    assert "def shout(words: str) -> str:" in told


def test_what_nothing_proves_says_so_and_names_the_deciding_example(sandbox: Sandbox) -> None:
    """With the outputs on the probes, so that a model can see which is meant."""
    tool = search_program_tool(seconds=120, runner=sandbox)
    told = tool.invoke({"prompt": "Combine two numbers", "examples": ["combine(2, 2) == 4", "combine(0, 0) == 0"]})
    assert told.startswith("unverified: on combine(")
    assert "Add the example that decides best: combine(" in told
    assert "gives: combine(" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"prompt": "x", "examples": ["shout("]}, "not a Python expression"),
        ({"prompt": "x", "examples": ["shout('a')"]}, "does not say what a call must give"),
        ({"prompt": "x", "examples": []}, "the arguments cannot be used: examples"),
        ({"prompt": "x", "examples": SHOUT, "language": "go"}, "the arguments cannot be used: language"),
        ({"prompt": "x", "examples": ["f(1) == 2", "f(1) == 3"]}, "nothing found: the examples contradict each other"),
    ],
)
def test_whatever_goes_wrong_is_an_answer(sandbox: Sandbox, arguments: dict[str, Any], says: str) -> None:
    """Never an exception: the model reads what to do."""
    assert says in search_program_tool(seconds=120, runner=sandbox).invoke(arguments)


def test_no_sandbox_is_an_answer(tmp_path: Any) -> None:
    """An interpreter that is not there, for one."""
    told = search_program_tool(runner=Sandbox(python=tmp_path / "python")).invoke({"prompt": "x", "examples": SHOUT})
    assert told.startswith("nothing found: the search could not run")


def test_secrets_are_taken_out(sandbox: Sandbox) -> None:
    """A key that stands in an example does not come back."""
    examples = [f"same('{KEY}') == '{KEY}'", "same('ab') == 'ab'", "same('x y') == 'x y'"]
    assert KEY not in search_program_tool(seconds=120, runner=sandbox).invoke(
        {"prompt": "The same", "examples": examples}
    )


def test_the_tool_has_a_schema_and_takes_another_name(sandbox: Sandbox) -> None:
    """What a model is shown of it."""
    tool = search_program_tool(seconds=120, runner=sandbox, name="find_function")
    assert tool.name == "find_function"
    assert set(tool.args) == {"prompt", "examples", "signature"}
    assert "unverified" in tool.description
