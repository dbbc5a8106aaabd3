"""The OpenAI-compatible server, asked by a real `langchain-openai` client."""

from __future__ import annotations

from typing import Any, Literal

import openai
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from genloom.testing import Fault, OpenAIServer, RecordedRequest, Reply, ToolCall


class Judgement(BaseModel):
    """What a reviewer says."""

    decision: str
    lines: list[int]


@tool
def look_up(name: str) -> str:
    """Look up a name."""
    return name


def chat(server: OpenAIServer, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(model="test-model", base_url=server.base_url, api_key=SecretStr("any"), max_retries=0, **options)


def test_replies_come_in_order_with_usage() -> None:
    """Each request gets the next reply, with the tokens that the script states."""
    with OpenAIServer(["one", Reply(text="two", input_tokens=7, output_tokens=3)]) as server:
        model = chat(server)
        first, second = model.invoke("a"), model.invoke("b")
    assert (first.content, second.content) == ("one", "two")
    assert second.usage_metadata is not None
    assert second.usage_metadata["input_tokens"] == 7
    assert second.usage_metadata["output_tokens"] == 3


async def test_a_rule_sees_the_request() -> None:
    """A rule answers from what was asked, also under an asynchronous client."""

    def shout(request: RecordedRequest) -> str:
        return str(request.json()["messages"][-1]["content"]).upper()

    with OpenAIServer(shout) as server:
        assert (await chat(server).ainvoke("hello")).content == "HELLO"


def test_streaming_gives_the_whole_text_in_pieces() -> None:
    """A streamed reply comes in several chunks that add up to the text and end with the usage."""
    text = "def f(x):\n    return  x\n"
    with OpenAIServer([text]) as server:
        chunks = list(chat(server, stream_usage=True).stream("go"))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert len(chunks) > 3
    assert isinstance(whole, AIMessageChunk)
    assert whole.content == text
    assert whole.usage_metadata is not None


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured_output_works_by_every_method(
    method: Literal["json_schema", "function_calling", "json_mode"],
) -> None:
    """A structured reply reaches `with_structured_output` whichever way the client asks for it."""
    said = Judgement(decision="approve", lines=[1, 2])
    with OpenAIServer([said]) as server:
        model = chat(server).with_structured_output(Judgement, method=method)
        assert model.invoke("Judge this as JSON.") == said


def test_tool_calls_arrive_whole_and_streamed() -> None:
    """A scripted tool call has its name and arguments, plain and streamed."""
    reply = Reply(tool_calls=(ToolCall(name="look_up", arguments={"name": "x"}),))
    with OpenAIServer([reply, reply]) as server:
        model = chat(server).bind_tools([look_up])
        plain = model.invoke("go")
        whole: Any = None
        for chunk in model.stream("go"):
            whole = chunk if whole is None else whole + chunk
    assert isinstance(whole, AIMessageChunk)
    for message in (plain, whole):
        assert [(call["name"], call["args"]) for call in message.tool_calls] == [("look_up", {"name": "x"})]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=401), openai.AuthenticationError),
        (Fault(status=429, headers={"Retry-After": "1"}), openai.RateLimitError),
        (Fault(status=500), openai.InternalServerError),
        (Fault(cut=True), openai.APIConnectionError),
        (Fault(truncate=True), openai.APIConnectionError),
    ],
)
def test_faults_reach_the_client_as_its_own_errors(fault: Fault, error: type[Exception]) -> None:
    """Each fault is what the client would see of a real server, and the request after it succeeds."""
    with OpenAIServer(["fine", "fine"], faults=[fault]) as server:
        model = chat(server)
        with pytest.raises(error):
            model.invoke("a")
        assert model.invoke("b").content == "fine"


def test_a_delay_is_a_timeout_for_an_impatient_client() -> None:
    """A hanging request ends by the client's own limit, and stopping the server does not wait for it."""
    with OpenAIServer(["late"], faults=[Fault(delay=60.0)]) as server, pytest.raises(openai.APITimeoutError):
        chat(server, timeout=0.2).invoke("a")


def test_a_wrong_key_an_unknown_model_and_an_ended_script_are_told_apart() -> None:
    """The server refuses what the API refuses, and says so when its script is at its end."""
    with OpenAIServer([], api_key="right") as server:
        with pytest.raises(openai.AuthenticationError):
            chat(server).invoke("a")
        good: dict[str, Any] = {"base_url": server.base_url, "api_key": "right", "max_retries": 0}
        with pytest.raises(openai.NotFoundError):
            ChatOpenAI(model="no-such-model", **good).invoke("a")
        with pytest.raises(openai.BadRequestError, match="script"):
            ChatOpenAI(model="test-model", **good).invoke("a")


def test_requests_are_recorded_without_losing_the_credential_apart() -> None:
    """The credential stands by itself, not among the headers, and does not show in `repr`."""
    with OpenAIServer(["x"]) as server:
        chat(server).invoke("a")
        request = server.requests[0]
        assert [m.id for m in openai.OpenAI(base_url=server.base_url, api_key="k").models.list()] == ["test-model"]
    assert request.authorization == "Bearer any"
    assert "authorization" not in request.headers
    assert "any" not in repr(request)
    assert server.chats[0]["model"] == "test-model"
