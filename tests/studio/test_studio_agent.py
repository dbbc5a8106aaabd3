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

pytestmark = pytest.mark.slow

MODEL = {"model": "openai:test-model"}
CREATE = ToolCall(name="create_file", arguments={"path": "notes.txt", "text": "hello\n"})
VIEW = ToolCall(name="view_file", arguments={"path": "README.md"})


def say(request: RecordedRequest) -> Reply:
    """A model that writes or reads a file when it is asked to, and tells what it was told."""
    last = request.json()["messages"][-1]
    text = str(last["content"])
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
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "README.md").write_text("The word is xylophone.\n")
    return folder


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
