"""`run_python`: the sandbox as a LangChain tool, called by a real agent's loop."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.graph import MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from genloom.testing import Reply, ScriptedChatModel, ToolCall
from genloom.tools.sandbox import Limits, Sandbox, run_python_tool

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"
KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """A sandbox that holds on this machine."""
    box = Sandbox()
    if not box.status().tier:
        pytest.skip(box.status().reason)
    return box


def asking(code: str, **more: Any) -> ScriptedChatModel:
    """A model that runs the code once and then says what came of it."""
    return ScriptedChatModel(
        rule=lambda messages: (
            f"It said: {messages[-1].content}"
            if isinstance(messages[-1], ToolMessage)
            else Reply(tool_calls=(ToolCall(name="run_python", arguments={"code": code, **more}),))
        )
    )


def test_an_agent_runs_python_and_reads_the_answer(sandbox: Sandbox) -> None:
    """In `create_agent`'s loop, synchronously: the output comes back to the model."""
    agent = create_agent(asking("print(6 * 7)"), tools=[run_python_tool(sandbox)])
    answer = agent.invoke({"messages": [("user", "What is six times seven?")]})
    assert "42" in answer["messages"][-1].content
    assert "exit code: 0" in answer["messages"][-1].content


async def test_an_agent_runs_python_in_an_event_loop(sandbox: Sandbox) -> None:
    """The same loop with `ainvoke`; standard input and files are handed over."""
    code = "import data, sys\nprint(data.VALUE + sys.stdin.read())"
    model = asking(code, stdin="-in", files={"data.py": "VALUE = 'out'\n"})
    agent = create_agent(model, tools=[run_python_tool(sandbox)])
    answer = await agent.ainvoke({"messages": [("user", "Try it.")]})
    assert "out-in" in answer["messages"][-1].content


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"code": "print(1)", "files": {"../up.py": ""}}, "not a relative path"),
        ({"code": "print(1)", "files": {"/abs.py": ""}}, "not a relative path"),
        ({"kode": "print(1)"}, "code: Field required"),
        ({"code": ["print(1)"]}, "code: "),
        ({"code": "x" * 200_001}, "code: "),
        ({"code": "raise SystemExit(3)"}, "exit code: 3"),
        ({"code": "def f(:"}, "SyntaxError"),
        ({"code": "x = 1\0"}, "exit code"),
        ({"code": "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)"}, "Error"),
        pytest.param({"code": "while True: pass"}, "the time was used up", marks=pytest.mark.slow),
        ({"code": "while True: print('x' * 1000)"}, "wrote more than allowed"),
        ({"code": "import os\nos.kill(os.getpid(), 9)"}, "ended: "),
    ],
)
def test_whatever_goes_wrong_is_an_answer(sandbox: Sandbox, arguments: dict[str, Any], words: str) -> None:
    """A tool node hands on every failure as a message, none as an exception."""
    tool = run_python_tool(sandbox, limits=Limits(wall_seconds=3, cpu_seconds=2))
    builder = StateGraph(MessagesState)
    builder.add_node("tools", ToolNode([tool], handle_tool_errors=False))
    builder.set_entry_point("tools")
    call = {"name": "run_python", "args": arguments, "id": "1", "type": "tool_call"}
    state = builder.compile().invoke({"messages": [AIMessage("", tool_calls=[call])]})
    assert words in state["messages"][-1].content


def test_no_sandbox_is_an_answer() -> None:
    """Where nothing can be run, the tool says why and what to do, and runs nothing."""
    tool = run_python_tool(Sandbox(python="/nonexistent/python"))
    assert tool.invoke({"code": "print(6 * 7)"}).startswith("not run: ")


def test_output_is_cut_and_secrets_are_taken_out(sandbox: Sandbox) -> None:
    """Each stream keeps its beginning and its end; a secret at the cut does not leave a half of itself."""
    tool = run_python_tool(sandbox, max_output_characters=1_000, secrets=("correct horse battery",))
    said = tool.invoke({"code": "print('a' * 3000 + 'z'); import sys; print('b' * 9000, file=sys.stderr)"})
    assert said.count("characters left out") == 2
    assert "az\n" in said
    assert len(said) < 2_300
    hidden = tool.invoke({"code": f"print('k' * 650, {KEY!r}, 'correct horse battery', 'k' * 650)"})
    assert "[redacted" in hidden
    assert not any(part in hidden for part in (KEY[:12], KEY[-12:], "horse"))


def test_runs_leave_nothing_for_the_next(sandbox: Sandbox) -> None:
    """Each call starts in an empty folder."""
    tool = run_python_tool(sandbox)
    tool.invoke({"code": "open('left.txt', 'w').write('x')"})
    assert "False" in tool.invoke({"code": "import os; print(os.path.exists('left.txt'))"})


def test_the_description_tells_a_model_the_limits() -> None:
    """And the schema what each argument is."""
    tool = run_python_tool(limits=Limits(wall_seconds=7))
    assert "7 s" in tool.description
    assert set(tool.args) == {"code", "stdin", "files"}
    assert all(argument["description"] for argument in tool.args.values())


def test_importing_the_sandbox_imports_no_framework() -> None:
    """It is usable without LangGraph and LangChain, which only the tool's factory loads."""
    code = (
        "import sys, genloom.tools.sandbox as s\n"
        "s.Sandbox()\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & "
        "{'langgraph', 'langchain', 'langchain_core', 'langsmith', 'openai', 'pytest', 'hypothesis', 'bandit'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_documentations_example_runs(sandbox: Sandbox) -> None:
    """The block of docs/sandbox.md, with a scripted model."""
    blocks = [
        text for text in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL) if "run_python_tool" in text
    ]
    assert len(blocks) == 1
    names: dict[str, Any] = {"model": asking("print(sum(range(101)))")}
    exec(compile(blocks[0], str(DOCS), "exec"), names)
    assert "5050" in names["answer"]["messages"][-1].content
