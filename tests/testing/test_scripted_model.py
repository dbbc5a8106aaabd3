"""The scripted chat model behind LangChain's interface."""

from __future__ import annotations

import subprocess
import sys

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

import genloom.testing
from genloom.errors import ModelError, UsageError
from genloom.testing import OpenAIServer, Reply, ScriptedChatModel, ToolCall


class Answer(BaseModel):
    """A number."""

    value: int


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_replies_come_in_order_and_calls_are_kept() -> None:
    """Replies are given out in order over both faces, and the messages of each call can be read."""
    model = ScriptedChatModel(replies=["one", "two"])
    assert model.invoke("a").content == "one"
    assert (await model.ainvoke("b")).content == "two"
    assert [call[-1].content for call in model.calls] == ["a", "b"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [("hello", "hello"), ({"value": 3}, '{"value": 3}'), (Answer(value=3), '{"value": 3}'), (Reply(text="so"), "so")],
)
def test_one_reply_by_itself_is_no_list_of_its_parts(reply: object, said: str) -> None:
    """A text is one reply, not one for each letter, and a mapping none for each key: of a model, and of a server."""
    model = ScriptedChatModel(replies=reply)
    assert model.invoke("a").content == said
    with pytest.raises(UsageError, match="number 2"):
        model.invoke("b")
    with OpenAIServer(reply) as server:  # type: ignore[arg-type]
        client = ChatOpenAI(model="test-model", base_url=server.base_url, api_key=SecretStr("any"))
        assert client.invoke("a").content == said


def test_a_rule_and_an_error_can_be_scripted() -> None:
    """A rule sees the messages; an exception that it returns is raised."""

    def rule(messages: list[BaseMessage]) -> str | Exception:
        text = str(messages[-1].content)
        return ModelError("busy", kind="rate_limit") if text == "fail" else text[::-1]

    model = ScriptedChatModel(rule=rule)
    assert model.invoke("abc").content == "cba"
    with pytest.raises(ModelError, match="busy"):
        model.invoke("fail")


def test_an_ended_script_says_so() -> None:
    """More calls than replies raise, and the message names the call."""
    with pytest.raises(UsageError, match="number 1"):
        ScriptedChatModel().invoke("a")


def test_structured_output_and_tool_calls_work() -> None:
    """A structured reply goes through `with_structured_output`, a scripted tool call through `bind_tools`."""
    call = Reply(tool_calls=(ToolCall(name="add", arguments={"a": 1, "b": 2}),))
    model = ScriptedChatModel(replies=[{"value": 3}, call])
    assert model.with_structured_output(Answer).invoke("?") == Answer(value=3)
    assert [c["args"] for c in model.bind_tools([add]).invoke("?").tool_calls] == [{"a": 1, "b": 2}]


def test_streaming_adds_up_to_the_text_with_usage() -> None:
    """The chunks of a stream add up to the reply and carry its usage."""
    model = ScriptedChatModel(replies=[Reply(text="a\nb\n", output_tokens=5)])
    whole = None
    for chunk in model.stream("?"):
        whole = chunk if whole is None else whole + chunk
    assert isinstance(whole, AIMessageChunk)
    assert whole.content == "a\nb\n"
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 5


def test_public_names_load_lazily() -> None:
    """Every documented name is there, and a server can be had without loading LangChain."""
    assert all(hasattr(genloom.testing, name) for name in genloom.testing.__all__)
    code = "import sys; from genloom.testing import OpenAIServer, CodegenServer; print('langchain_core' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
