"""The agent graph: turns, models, failures, images."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest
from agent_runs import add, answers, calls, run
from langchain.agents.middleware import ModelFallbackMiddleware, ToolRetryMiddleware
from langchain_core.messages import AIMessageChunk, SystemMessage
from langchain_core.outputs import ChatResult
from langchain_core.tools import tool

from genloom.errors import CredentialError, GraphDefinitionError, ModelError, RequestError, StorageError, TimeLimitError
from genloom.graphs import build_agent_graph, image_address
from genloom.nodes.policies import NodePolicy
from genloom.state import GraphContext
from genloom.testing import OpenAIServer, ScriptedChatModel


def test_a_query_is_answered_with_the_help_of_tools(face: str) -> None:
    model = ScriptedChatModel(replies=[calls(("add", {"first": 2, "second": 3})), "It is 5."])
    result = run(build_agent_graph(model, [add], "You add."), {"query": "2 + 3?"}, face=face)
    assert result["final_answer"] == "It is 5."
    assert answers(result) == ["5"]
    assert model.calls[0] == [SystemMessage("You add."), result["messages"][0]]


def test_messages_are_an_input_too(face: str) -> None:
    graph = build_agent_graph(ScriptedChatModel(replies=["Hello."]))
    given = {"messages": [{"role": "user", "content": "Hi"}]}
    assert run(graph, given, face=face)["final_answer"] == "Hello."


def test_nothing_asked_is_an_error() -> None:
    with pytest.raises(RequestError, match="Nothing is asked"):
        build_agent_graph(ScriptedChatModel(replies=["x"])).invoke({"messages": []})


def test_images_go_with_the_question(face: str) -> None:
    model = ScriptedChatModel(replies=["a cat"])
    given = {"query": "What is it?", "images": ["https://example.org/a.png", "data:image/png;base64,aGk="]}
    run(build_agent_graph(model), given, face=face)
    assert model.calls[0][-1].content == [
        {"type": "text", "text": "What is it?"},
        {"type": "image", "url": "https://example.org/a.png"},
        {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
    ]


def test_a_local_path_is_no_image() -> None:
    with pytest.raises(RequestError, match="neither a web address nor data"):
        build_agent_graph(ScriptedChatModel(replies=["x"])).invoke({"query": "?", "images": ["/etc/passwd"]})


def test_a_busy_server_is_asked_again_and_a_refused_key_is_not(face: str) -> None:
    busy = ModelError("busy", kind="rate_limit")
    model = ScriptedChatModel(replies=[busy, busy, "done"])
    quick = NodePolicy(tries=3, base_seconds=0)
    assert run(build_agent_graph(model, retries=quick), {"query": "?"}, face=face)["final_answer"] == "done"

    refused = ScriptedChatModel(replies=[CredentialError("refused"), "never"])
    with pytest.raises(CredentialError):
        run(build_agent_graph(refused, retries=quick), {"query": "?"}, face=face)
    assert len(refused.calls) == 1


def test_secrets_do_not_reach_the_model(face: str) -> None:
    model = ScriptedChatModel(replies=["ok"])
    secret = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
    run(build_agent_graph(model, system_message=f"token {secret}"), {"query": f"use {secret}"}, face=face)
    assert secret not in str(model.calls)
    assert "[redacted: github-token]" in str(model.calls[0][-1].content)


def test_without_a_model_the_run_says_how_to_get_one(face: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENLOOM_MODEL", raising=False)
    with pytest.raises(CredentialError, match="has no model"):
        run(build_agent_graph(), {"query": "?"}, face=face)


def test_the_model_of_the_context_answers(face: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(["from the server"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        graph = build_agent_graph()
        result = run(graph, {"query": "?"}, face=face, context=GraphContext(model="openai:test-model"))
    assert result["final_answer"] == "from the server"


def test_other_middleware_may_choose_the_model_and_retry_tools(face: str) -> None:
    tries: list[int] = []

    @tool
    def fetch() -> str:
        """Fetch."""
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("reset")
        return "page"

    refused = ScriptedChatModel(rule=lambda messages: CredentialError("refused"))
    spare = ScriptedChatModel(replies=[calls(("fetch", {})), "from the spare"])
    middleware: list[Any] = [ModelFallbackMiddleware(spare), ToolRetryMiddleware(initial_delay=0, jitter=False)]
    result = run(build_agent_graph(refused, [fetch], middleware=middleware), {"query": "?"}, face=face)
    assert result["final_answer"] == "from the spare"
    assert answers(result) == ["page"]


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(GraphDefinitionError, match="add"):
        build_agent_graph(ScriptedChatModel(replies=[]), [add, add])


def test_a_stream_shows_the_answer_as_it_comes() -> None:
    graph = build_agent_graph(ScriptedChatModel(replies=["line one\nline two"]))
    pieces = [
        str(chunk.content)
        for chunk, _ in graph.stream({"query": "?"}, stream_mode="messages")
        if isinstance(chunk, AIMessageChunk)
    ]
    assert "".join(pieces) == "line one\nline two"
    assert len(pieces) > 1


def test_a_model_that_does_not_answer_is_given_up(face: str) -> None:
    """Whatever its client waits for; it is not asked again."""

    class Silent(ScriptedChatModel):
        def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
            time.sleep(1)
            return super()._generate(*args, **kwargs)

    model = Silent(replies=["late"])
    graph = build_agent_graph(model, retries=NodePolicy(tries=3, base_seconds=0, limit_seconds=0.2))
    with pytest.raises(TimeLimitError, match=r"did not answer in 0\.2 seconds"):
        run(graph, {"query": "?"}, face=face)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"GIF89a", "gif"),
        (b"RIFF\x00\x00\x00\x00WEBP", "webp"),
    ],
)
def test_an_image_of_this_machine_becomes_an_address(tmp_path: Path, start: bytes, kind: str) -> None:
    """By what it holds, not by its name."""
    path = tmp_path / "picture.txt"
    path.write_bytes(start + b"rest")
    model = ScriptedChatModel(replies=["a cat"])
    build_agent_graph(model).invoke({"query": "What is it?", "images": [image_address(path)]})
    content: Any = model.calls[0][-1].content
    assert content[1]["mime_type"] == f"image/{kind}"
    assert base64.b64decode(content[1]["base64"]) == start + b"rest"


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        image_address(tmp_path / "missing.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(RequestError, match="no image that models take"):
        image_address(tmp_path / "text.png")
    with (tmp_path / "large.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(30_000_000)
    with pytest.raises(RequestError, match="larger than"):
        image_address(tmp_path / "large.png")
