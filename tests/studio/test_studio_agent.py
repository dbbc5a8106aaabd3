"""The agent in LangGraph's development server, with a chat model on loopback: messages, tools, approval."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from development_server import development_server
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from genloom.testing import OpenAIServer, RecordedRequest, Reply, ToolCall
from genloom.tools.sandbox import Sandbox

pytestmark = pytest.mark.slow

MODEL = {"model": "openai:test-model"}
CREATE = ToolCall(name="create_file", arguments={"path": "notes.txt", "text": "hello\n"})
VIEW = ToolCall(name="view_file", arguments={"path": "README.md"})

STEPS = {  # by how the system prompt of each step's agent begins
    "You plan": ToolCall(name="submit_plan", arguments={"tasks": ["add doubled"], "files": ["prices.py"]}),
    "You write the code": ToolCall(
        name="create_file", arguments={"path": "prices.py", "text": "def doubled(price):\n    return 2 * price\n"}
    ),
    "You write the tests": ToolCall(
        name="create_file",
        arguments={
            "path": "test_prices.py",
            "text": "from prices import doubled\n\n\ndef test_doubled():\n    assert doubled(4) == 8\n",
        },
    ),
    "You write the doc": ToolCall(
        name="edit_file",
        arguments={
            "path": "README.md",
            "old": "The word is xylophone.\n",
            "new": "The word is xylophone.\n`doubled` doubles a price.\n",
        },
    ),
}


def say(request: RecordedRequest) -> Reply:
    """A model that writes or reads a file when it is asked to, and tells what it was told."""
    last = request.json()["messages"][-1]
    text = str(last["content"])
    begins = str(request.json()["messages"][0]["content"])
    step = next((step for start, step in STEPS.items() if begins.startswith(start)), None)
    if step is not None:
        return Reply(text="Done.") if last["role"] == "tool" else Reply(tool_calls=(step,))
    if last["role"] == "tool":
        return Reply(text=f"The tool said:\n{text}")
    if "write" in text:
        return Reply(tool_calls=(CREATE,))
    if "read" in text:
        return Reply(tool_calls=(VIEW,))
    return Reply(text="First line,\nsecond line.")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with OpenAIServer(say) as model:
        told = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "any"}
        with development_server(tmp_path_factory.mktemp("studio-agent"), told) as address:
            yield address


@pytest.fixture
async def client(url: str) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=url) as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "README.md").write_text("The word is xylophone.\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@localhost", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def test_the_answer_streams_as_messages(client: LangGraphClient) -> None:
    """What the model says comes piece by piece, and is the run's answer at the end."""
    pieces, answer = [], ""
    stream = client.runs.stream(
        None, "agent", input={"query": "Say it"}, context=MODEL, stream_mode=["messages-tuple", "values"]
    )
    async for part in stream:
        if part.event == "messages" and part.data[0]["type"] == "AIMessageChunk":
            pieces.append(part.data[0]["content"])
        elif part.event == "values":
            answer = part.data.get("final_answer", "")
    assert len([piece for piece in pieces if piece]) > 1
    assert "".join(pieces) == answer == "First line,\nsecond line."


async def test_a_tool_reads_the_repository_of_the_context(client: LangGraphClient, repository: Path) -> None:
    """Assistants work in repositories of their own; without one the model is told so."""
    context = {**MODEL, "repository": str(repository)}
    assistant = await client.assistants.create("agent", context=context, name="in the repository")
    ended: Any = await client.runs.wait(None, assistant["assistant_id"], input={"query": "read it"})
    assert "xylophone" in ended["final_answer"]
    nowhere: Any = await client.runs.wait(None, "agent", input={"query": "read it"}, context=MODEL)
    assert "This run has no repository" in nowhere["final_answer"]


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_a_write_waits_for_a_person(client: LangGraphClient, repository: Path, decision: str) -> None:
    """The thread is interrupted with the call; the file is there after an approval alone."""
    context = {**MODEL, "repository": str(repository)}
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "agent", input={"query": "write it"}, context=context)
    (task,) = (await client.threads.get_state(thread))["tasks"]
    (request,) = task["interrupts"][0]["value"]["action_requests"]
    assert (request["name"], request["args"]) == (CREATE.name, CREATE.arguments)
    assert not (repository / "notes.txt").exists()
    ended: Any = await client.runs.wait(
        thread, "agent", command={"resume": {"decisions": [{"type": decision}]}}, context=context
    )
    assert ended["final_answer"].startswith("The tool said:")
    assert (repository / "notes.txt").exists() == (decision == "approve")


async def test_a_thread_remembers(client: LangGraphClient) -> None:
    """The server's own checkpointer keeps the conversation of a thread."""
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "agent", input={"query": "one"}, context=MODEL)
    ended: Any = await client.runs.wait(thread, "agent", input={"query": "two"}, context=MODEL)
    assert [message["type"] for message in ended["messages"]] == ["human", "ai", "human", "ai"]


async def test_a_feature_waits_for_a_person_before_it_is_applied(client: LangGraphClient, repository: Path) -> None:
    """Worked out and checked step by step at the server; the repository gets its branch by the approval alone."""
    if not Sandbox().status().tier:
        pytest.skip(Sandbox().status().reason)
    context = {**MODEL, "repository": str(repository)}
    thread = (await client.threads.create())["thread_id"]
    asked = {"feature": {"specification": "Add a function `doubled` to prices.py."}}
    await client.runs.wait(thread, "feature", input=asked, context=context)
    (task,) = (await client.threads.get_state(thread))["tasks"]
    question = task["interrupts"][0]["value"]
    assert [step["verdict"]["result"] for step in question["steps"]] == ["passed"] * 4
    assert "+def doubled" in question["diff"]
    assert question["branch"] not in git(repository, "branch", "--list")
    ended: Any = await client.runs.wait(thread, "feature", command={"resume": True}, context=context)
    assert (ended["outcome"]["result"], ended["result"]["applied"]) == ("passed", "branch")
    assert question["branch"] in git(repository, "branch", "--list")
    assert not (repository / "prices.py").exists()
