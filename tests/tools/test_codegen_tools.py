"""The Codegen agent as LangChain tools, called by a real agent's loop against the API on loopback."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import RetryPolicy

from genloom.errors import UsageError
from genloom.testing import CodegenServer, Fault, Reply, RunPlan, ScriptedChatModel, ToolCall
from genloom.tools.codegen import AsyncCodegen, Pacing, codegen_tools
from genloom.tools.codegen.wire import CreateAgentRunInput
from genloom.tools.effects import effect_of

FAST = Pacing(
    poll_first=0.01, poll_cap=0.05, retry_base=0.01, retry_cap=0.02, settle=(0.0, 0.02), attempts=3, resting=0.1
)
DOCS = Path(__file__).parents[2] / "docs" / "codegen.md"
KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD"


def tools_for(server: CodegenServer, **more: Any) -> list[Any]:
    return codegen_tools(token=server.token, org_id=1, base_url=server.base_url, pacing=FAST, **more)


def call_of(name: str, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": "1", "type": "tool_call"}])


def answer(server: CodegenServer, name: str, **arguments: Any) -> str:
    """What a tool node gets from a call."""
    builder = StateGraph(MessagesState)
    builder.add_node("tools", ToolNode(tools_for(server), handle_tool_errors=False))
    builder.set_entry_point("tools")
    return str(builder.compile().invoke({"messages": [call_of(name, **arguments)]})["messages"][-1].content)


def asking(*calls: ToolCall) -> ScriptedChatModel:
    """A model that makes the calls one after the other and repeats the last answer."""
    left = list(calls)

    def rule(messages: list[Any]) -> Any:
        if left:
            return Reply(tool_calls=(left.pop(0),))
        return f"It said: {next(m.content for m in reversed(messages) if isinstance(m, ToolMessage))}"

    return ScriptedChatModel(rule=rule)


def test_an_agent_starts_a_run_and_reads_its_result() -> None:
    """In `create_agent`'s loop, synchronously: result and pull request come back to the model as data."""
    plan = RunPlan(result="I wrote parser.py", summary="a parser", pull_requests=("https://github.com/o/r/pull/3",))
    with CodegenServer(plan) as server:
        model = asking(
            ToolCall(name="codegen_run", arguments={"prompt": "Write a parser", "repo_id": 7}),
            ToolCall(name="codegen_status", arguments={"run_id": 1}),
        )
        agent = create_agent(model, tools=tools_for(server))
        said = str(agent.invoke({"messages": [("user", "Get a parser.")]})["messages"][-1].content)
        assert (len(server.runs), server.runs[0].asked.repo_id) == (1, 7)
    for words in ("run 1: completed", "I wrote parser.py", "a parser", "https://github.com/o/r/pull/3", "<data-"):
        assert words in said


@pytest.mark.slow
async def test_the_same_in_an_event_loop_with_logs_resume_and_list() -> None:
    """All five tools with `ainvoke`."""
    plan = RunPlan(pauses=True, seconds=0.1, result="finished", logs=("I look around", "I ask"))
    with CodegenServer(plan) as server:
        calls = (
            ToolCall(name="codegen_run", arguments={"prompt": "Begin"}),
            ToolCall(name="codegen_logs", arguments={"run_id": 1, "limit": 1, "skip": 1}),
            ToolCall(name="codegen_list", arguments={"status": "paused"}),
            ToolCall(name="codegen_resume", arguments={"run_id": 1, "prompt": "Go on"}),
        )
        agent = create_agent(asking(*calls), tools=tools_for(server))
        state = await agent.ainvoke({"messages": [("user", "Go.")]})
        assert server.runs[0].resumed[0].prompt == "Go on"
    run, logs, listed, resumed = (str(m.content) for m in state["messages"] if isinstance(m, ToolMessage))
    assert "run 1: paused" in run
    assert "codegen_resume" in run
    assert "I ask" in logs
    assert "I look around" not in logs
    assert "2 to 2 of 2" in logs
    assert "run 1: paused" in listed
    assert "run 1: completed" in resumed
    assert "finished" in resumed


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "no prompt": ("codegen_run", {}, "prompt: Field required"),
    "empty prompt": ("codegen_run", {"prompt": ""}, "prompt: "),
    "blank prompt": ("codegen_run", {"prompt": "  "}, "Change the arguments"),
    "too long": ("codegen_run", {"prompt": "x" * 400_001}, "prompt: "),
    "unknown argument": ("codegen_status", {"run_id": 1, "run": 2}, "run: "),
    "no such run": ("codegen_status", {"run_id": 99}, "404"),
    "no number": ("codegen_status", {"run_id": "one"}, "run_id: "),
    "negative": ("codegen_logs", {"run_id": -1}, "run_id: "),
    "too many": ("codegen_list", {"limit": 1000}, "limit: "),
    "odd status": ("codegen_list", {"status": "sleeping"}, "status: "),
    "resume of none": ("codegen_resume", {"run_id": 99, "prompt": "x"}, "404"),
}


@pytest.mark.parametrize(("name", "arguments", "words"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_an_answer(name: str, arguments: dict[str, Any], words: str) -> None:
    """The tool node gets text that says what is wrong, and nothing is started."""
    with CodegenServer() as server:
        said = answer(server, name, **arguments)
        assert said.startswith("not done: ")
        assert words in said
        assert server.runs == ()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=401), "a person must set the token"),
        (Fault(status=500), "It may work later"),
        (Fault(cut=True), "codegen_list before you start another"),
        (Fault(status=402), "Tell the person"),
        (Fault(body="<html>"), "not done"),
    ],
)
def test_a_server_that_fails_is_an_answer_that_says_what_to_do(fault: Fault, words: str) -> None:
    """Every kind of failure, without the token."""
    with CodegenServer(faults=lambda _: fault) as server:
        said = answer(server, "codegen_status", run_id=1)
        assert words in said
        assert server.token not in said


def test_without_a_token_the_answer_says_so() -> None:
    """No configuration is an answer, too."""
    tool = codegen_tools(only=["codegen_list"])[0]
    assert "a person must set the token" in tool.invoke({})


def test_a_run_that_takes_longer_is_told_with_its_number() -> None:
    """The model can look again."""
    with CodegenServer(RunPlan(seconds=60)) as server:
        said = answer(server, "codegen_run", prompt="Begin", wait_seconds=1.0)
        assert "run 1: timeout (raw status: ACTIVE)" in said
        assert "codegen_status" in said
        assert "run 1: running" in answer(server, "codegen_run", prompt="Begin anew", wait_seconds=0).replace(
            "run 2", "run 1"
        )


def test_answers_are_bounded_and_without_secrets() -> None:
    """However much an agent writes, and whatever it repeats."""
    plan = RunPlan(
        result=f"{'r ' * 60_000}{KEY} {'e ' * 60_000}", summary=f"{KEY} " * 2000, logs=("l " * 9000 + KEY,) * 60
    )
    with CodegenServer(plan) as server:
        for name, arguments in (
            ("codegen_run", {"prompt": "Begin"}),
            ("codegen_logs", {"run_id": 1, "limit": 50}),
            ("codegen_list", {"limit": 50}),
        ):
            said = answer(server, name, **arguments)
            assert len(said) < 20_500
            assert not any(part in said for part in (KEY, KEY[:14]))


def test_a_repeated_call_finds_its_run() -> None:
    """A node that fails after the tool worked is retried by LangGraph: one run."""
    failures = iter([True, False])
    with CodegenServer(RunPlan(result="once")) as server:
        tool = tools_for(server, only=["codegen_run"])[0]

        def work(state: MessagesState) -> dict[str, Any]:
            said = tool.invoke({"prompt": "Begin"})
            if next(failures):
                raise ConnectionError("after the tool")
            return {"messages": [("ai", said)]}

        builder = StateGraph(MessagesState)
        builder.add_node("work", work, retry_policy=RetryPolicy(initial_interval=0.01, max_attempts=3))
        builder.set_entry_point("work")
        graph = builder.compile(checkpointer=InMemorySaver())
        state = graph.invoke({"messages": []}, {"configurable": {"thread_id": "t"}})
        assert "once" in str(state["messages"][-1].content)
        assert len(server.runs) == 1
        # another thread, and a call outside of any graph, are runs of their own
        failures = iter([False])
        graph.invoke({"messages": []}, {"configurable": {"thread_id": "u"}})
        tool.invoke({"prompt": "Begin"})
        assert len(server.runs) == 3


def test_two_calls_are_two_runs_and_a_repeated_call_is_one() -> None:
    """Calls with one prompt differ by their repository, or by their number alone; the graph's repetition adds none."""
    failures = iter([True, False])
    with CodegenServer() as server:
        node = ToolNode(tools_for(server, only=["codegen_run"]))
        tool = tools_for(server, only=["codegen_run"])[0]

        def work(state: MessagesState) -> dict[str, Any]:
            tool.invoke({"prompt": "Upgrade", "repo_id": 1})
            tool.invoke({"prompt": "Upgrade", "repo_id": 2})
            for number in "ab":
                tool.invoke({"name": tool.name, "args": {"prompt": "Upgrade"}, "id": number, "type": "tool_call"})
            if next(failures):
                raise ConnectionError("after the tools")
            return {"messages": []}

        builder = StateGraph(MessagesState)
        builder.add_node("work", work, retry_policy=RetryPolicy(initial_interval=0.01, max_attempts=3))
        builder.add_node("tools", node)
        builder.set_entry_point("work")
        builder.add_edge("work", "tools")
        calls = [{"name": tool.name, "args": {"prompt": "Again"}, "id": n, "type": "tool_call"} for n in "cd"]
        builder.compile().invoke({"messages": [AIMessage("", tool_calls=calls)]})
        asked = [(run.asked.prompt, run.asked.repo_id) for run in server.runs]
    assert asked[:4] == [("Upgrade", 1), ("Upgrade", 2), ("Upgrade", None), ("Upgrade", None)]
    assert asked[4:] == [("Again", None)] * 2


def test_only_some_tools_can_be_given_and_each_describes_itself() -> None:
    """A model that may only look gets nothing that costs."""
    looking = codegen_tools(token="t" * 20, only=["codegen_status", "codegen_logs", "codegen_list"])
    assert [tool.name for tool in looking] == ["codegen_status", "codegen_logs", "codegen_list"]
    for tool in codegen_tools(token="t" * 20):
        assert tool.description
        assert all(argument.get("description") for argument in tool.args.values())
    assert "t" * 20 not in repr(looking)


def test_a_tool_that_does_not_exist_is_refused() -> None:
    """A misspelt name does not quietly leave an agent without its tool."""
    with pytest.raises(UsageError, match="codegen_state"):
        codegen_tools(token="t" * 20, only=["codegen_status", "codegen_state"])  # type: ignore[list-item]


def test_a_prompt_leaves_redacted() -> None:
    """What a model puts into a prompt passes the same redaction as any."""
    asked: list[CreateAgentRunInput] = []

    def plan(made: CreateAgentRunInput) -> RunPlan:
        asked.append(made)
        return RunPlan()

    with CodegenServer(plan) as server:
        answer(server, "codegen_run", prompt=f"Use {KEY} to log in")
    assert KEY not in asked[0].prompt


def test_importing_the_client_imports_no_framework() -> None:
    """LangChain and LangGraph are loaded by the tools' factory alone."""
    code = (
        "import sys, genloom.tools.codegen\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & "
        "{'langgraph', 'langchain', 'langchain_core', 'httpx', 'unidiff', 'keyring'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_the_documentations_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of docs/codegen.md on streams, tools and webhooks, against the API on loopback."""
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    with CodegenServer(RunPlan(logs=("I look",), result="r")) as server:
        monkeypatch.setenv("CODEGEN_API_TOKEN", server.token)
        monkeypatch.setenv("CODEGEN_ORG_ID", "1")
        monkeypatch.setenv("CODEGEN_API_BASE_URL", server.base_url)
        async with AsyncCodegen() as client:
            names: dict[str, Any] = {
                "client": client,
                "secret": "a-long-secret-of-this-test",
                "model": asking(ToolCall(name="codegen_list", arguments={})),
            }
            for words in ("run_stream", "codegen_tools", "WebhookReceiver"):
                (block,) = [text for text in blocks if words in text]
                names["client"] = client
                code = compile(block.replace("port=8471", "port=0"), str(DOCS), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                waiting = eval(code, names)
                if waiting is not None:
                    await waiting
        assert names["item"].status == "completed"
        assert names["run"].result == "r"
        answer = await names["agent"].ainvoke({"messages": [("user", "Which runs are there?")]})
    assert "run 2: completed" in answer["messages"][-1].content


def test_only_what_starts_or_goes_on_with_a_run_counts_as_writing() -> None:
    """Approval and journals go by it: looking costs nothing."""
    effects = {tool.name: effect_of(tool) for tool in codegen_tools()}
    assert [name for name, effect in effects.items() if effect == "write"] == ["codegen_run", "codegen_resume"]
