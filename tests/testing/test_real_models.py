"""The switch that forbids calls of real models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import openai
import pytest
from langchain.chat_models import init_chat_model
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from genloom.config import load_settings
from genloom.graphs import build_agent_graph
from genloom.testing import (
    CodegenServer,
    ModelRecording,
    OpenAIServer,
    RealModelError,
    RecordedChatModel,
    RunPlan,
    ScriptedChatModel,
    forbid_real_models,
)
from genloom.testing.real_models.recognising import is_loopback
from genloom.tools.chat import chat_model
from genloom.tools.codegen import Agent

KEY = SecretStr("sk-any")


class OwnOpenAI(ChatOpenAI):
    """A user's own class on a provider's."""


def real_models() -> list[BaseChatModel]:
    return [
        ChatOpenAI(model="gpt-x", api_key=KEY),
        OwnOpenAI(model="gpt-x", api_key=KEY, base_url="https://models.example.com/v1"),
        init_chat_model("openai:gpt-x", api_key="sk-any"),
        ChatAnthropic(model_name="claude-x", api_key=KEY, timeout=None, stop=None),
        ChatGoogleGenerativeAI(model="gemini-x", google_api_key=KEY),
    ]


@pytest.mark.parametrize("number", range(5))
async def test_a_providers_model_is_refused_whichever_way_it_is_called(number: int) -> None:
    """Called, awaited, streamed, batched, bound: nothing is sent, and the error names the model."""
    model = real_models()[number]
    with forbid_real_models() as switch:
        with pytest.raises(RealModelError, match=type(model).__name__):
            model.invoke("hello")
        with pytest.raises(RealModelError):
            await model.ainvoke("hello")
        with pytest.raises(RealModelError):
            list(model.bind(stop=["x"], model="another").stream("hello"))
        with pytest.raises(RealModelError):
            [chunk async for chunk in model.astream("hello")]
        with pytest.raises(RealModelError):
            model.batch(["hello", "you"])
        with pytest.raises(RealModelError):
            await model.abatch(["hello"])
    assert len(switch.refused) >= 6


async def test_genlooms_own_models_by_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `provider:model`, also inside a graph that would try again."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")
    with forbid_real_models():
        with pytest.raises(RealModelError):
            await (await chat_model("openai:gpt-x", load_settings())).ainvoke("hello")
        with pytest.raises(RealModelError):
            build_agent_graph("openai:gpt-x").invoke({"query": "hello"})


def test_the_codegen_cloud_is_refused() -> None:
    """A paid run is not started, and neither is one at a server elsewhere that speaks the same API."""
    with forbid_real_models() as switch:
        for address in (None, "https://codegen.example.com"):
            with pytest.raises(Exception, match="real model"):
                Agent(token="t", org_id=1, base_url=address).run("make it")
    assert any("api.codegen.com" in told for told in switch.refused)
    assert any("codegen.example.com" in told for told in switch.refused)


async def test_clients_below_langchain_are_refused() -> None:
    """OpenAI's own client may wrap the refusal; httpx shows it."""
    with forbid_real_models() as switch:
        with pytest.raises((RealModelError, openai.APIConnectionError)):
            openai.OpenAI(api_key="sk-any", max_retries=0).models.list()
        assert switch.refused == ("GET https://api.openai.com/v1/models",)
        async with httpx.AsyncClient() as client:
            with pytest.raises(RealModelError):
                await client.post("https://models.example.com/v1/chat/completions", json={})
    assert len(switch.refused) == 2


def test_other_requests_pass() -> None:
    """A request that is for no model reaches the network's own answer; a transport that sends nothing is not watched."""
    with forbid_real_models() as switch:
        with pytest.raises(Exception) as caught:
            httpx.get("https://example.invalid/page", timeout=2)
        mocked = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(204)))
        assert mocked.post("https://api.openai.com/v1/chat/completions").status_code == 204
    assert not isinstance(caught.value, RealModelError)
    assert switch.refused == ()


def test_what_is_on_this_machine_or_scripted_passes(tmp_path: Path) -> None:
    """Servers on loopback, scripted and replayed models, LangChain's fakes, a Codegen server."""
    path = tmp_path / "recording.json"
    with OpenAIServer(["one", "two"]) as server, CodegenServer(RunPlan(result="done")) as cloud, forbid_real_models():
        near = ChatOpenAI(model="test-model", base_url=server.base_url, api_key=KEY)
        assert near.invoke("hello", model="test-model").content == "one"
        assert "".join(chunk.text for chunk in near.stream("hello")) == "two"
        assert ScriptedChatModel(replies=["three"]).invoke("hello").content == "three"
        assert FakeListChatModel(responses=["four"]).invoke("hello").content == "four"
        RecordedChatModel(model=ScriptedChatModel(replies=["x"]), recording=ModelRecording(path, "record")).invoke(
            "hello"
        )
        task = Agent(token=cloud.token, org_id=1, base_url=cloud.base_url).run("make it").wait(deadline=30)
        assert task.result == "done"


def test_a_recording_may_replay_and_may_not_record(tmp_path: Path) -> None:
    """Under the switch a real model's recording is replayed; recording would call it."""
    path = tmp_path / "recording.json"
    scripted = ScriptedChatModel(replies=["four"])
    model = RecordedChatModel(model="openai:gpt-x", recording=ModelRecording(path, "record"))
    model._made = scripted
    model.invoke("2 + 2?")
    real = ChatOpenAI(model="gpt-x", api_key=KEY)
    with forbid_real_models():
        assert RecordedChatModel(model=real, recording=ModelRecording(path)).invoke("2 + 2?").content == "four"
        with pytest.raises(RealModelError):
            RecordedChatModel(model=real, recording=ModelRecording(path, "missing")).invoke("3 + 3?")


THREADS = """
import threading
import httpx
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from genloom.testing import RealModelError, forbid_real_models

def ways():
    return [vars(BaseChatModel)["generate"], vars(BaseChatModel)["astream"], httpx.HTTPTransport.handle_request]

def ask():
    try:
        model.invoke("hello")
    except Exception as error:
        told.append(type(error).__name__)

def hold():
    with forbid_real_models():
        entered.set()
        leave.wait(30)

before, told = ways(), []
entered, leave = threading.Event(), threading.Event()
model = ChatOpenAI(model="gpt-x", api_key="any", base_url="https://models.invalid/v1", max_retries=0)
holder = threading.Thread(target=hold)
with forbid_real_models():
    holder.start()
    entered.wait(30)
    with forbid_real_models() as inner:
        ask()
    ask()
    assert len(inner.refused) == 1
asking = threading.Thread(target=ask)
asking.start()
asking.join()
leave.set()
holder.join()
ask()
print(told[:3], told[3] != "RealModelError", ways() == before)
"""


@pytest.mark.slow
def test_it_holds_in_every_thread_and_ends_with_the_last_exit() -> None:
    """Nested switches in several threads lift it when the last is left, and leave LangChain and httpx as they were."""
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip() == "['RealModelError', 'RealModelError', 'RealModelError'] True True", done.stderr


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("api.localhost", True),
        ("127.8.0.1", True),
        ("[::1]", True),
        ("::1", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_what_this_machine_is(host: str, own: bool) -> None:
    """Loopback addresses and the names of loopback, and none that look like them."""
    assert is_loopback(host) is own
