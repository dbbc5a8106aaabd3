"""Recording what a chat model answers, and replaying it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

import genloom
from genloom.errors import UsageError
from genloom.graphs import build_agent_graph
from genloom.testing import (
    ModelRecording,
    OpenAIServer,
    RecordedChatModel,
    RecordingMissError,
    Reply,
    ScriptedChatModel,
    ToolCall,
)
from genloom.testing.recording.recording_file import RecordedCalls, dump_calls, read_calls
from genloom.tools.chat import registered_models
from genloom.tools.effects import with_effect

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class Number(BaseModel):
    """A number."""

    value: int


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def openai(server: OpenAIServer, **options: object) -> ChatOpenAI:
    return ChatOpenAI(model="test-model", base_url=server.base_url, api_key=SecretStr("any"), **options)  # type: ignore[arg-type]


def recorded(path: Path, model: BaseChatModel | str, mode: str = "replay") -> RecordedChatModel:
    return RecordedChatModel(model=model, recording=ModelRecording(path, mode))  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recordings" / "answers.json"


def test_what_was_recorded_is_replayed_without_the_model(path: Path) -> None:
    """The same message comes back, with its tokens, from the name of the model alone."""
    with OpenAIServer(["four"]) as server:
        first = recorded(path, openai(server), "record").invoke("2 + 2?")
    again = recorded(path, "openai:test-model").invoke("2 + 2?")
    assert (
        (again.content, again.usage_metadata) == (first.content, first.usage_metadata) == ("four", first.usage_metadata)
    )
    assert again.usage_metadata is not None
    assert again.response_metadata["finish_reason"] == "stop"


async def test_one_recording_serves_every_face(path: Path) -> None:
    """Called, awaited, streamed and streamed asynchronously, a request finds the same answers, in their order."""
    script = ScriptedChatModel(replies=["one\n1", "two\n2", "three\n3", "four\n4"])
    model = recorded(path, script, "record")
    for _ in range(4):
        model.invoke("Say")
    again = recorded(path, ScriptedChatModel())
    assert again.invoke("Say").content == "one\n1"
    assert (await again.ainvoke("Say")).content == "two\n2"
    assert _sum(list(again.stream("Say"))).content == "three\n3"
    assert _sum([chunk async for chunk in again.astream("Say")]).content == "four\n4"


def _sum(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole


def test_a_stream_of_calls_adds_up_to_the_recorded_message(path: Path) -> None:
    """Tool calls, tokens and ids of a streamed replay are those of a plain one; and recording may stream, too."""
    reply = Reply(text="I add.\nSo:", tool_calls=(ToolCall(name="add", arguments={"a": 1, "b": 2}),) * 2)
    first = _sum(list(recorded(path, ScriptedChatModel(replies=[reply]), "record").bind_tools([add]).stream("Go")))  # type: ignore[arg-type]
    plain = recorded(path, ScriptedChatModel()).bind_tools([add]).invoke("Go")
    assert [call["args"] for call in plain.tool_calls] == [{"a": 1, "b": 2}] * 2
    assert len({call["id"] for call in plain.tool_calls}) == 2
    assert (first.content, first.tool_calls, first.usage_metadata) == (
        plain.content,
        plain.tool_calls,
        plain.usage_metadata,
    )


def test_structured_output_and_tools_of_a_real_client_are_replayed(path: Path) -> None:
    """The recorded model gets tools in its own form; the structured answer is parsed from the file."""
    with OpenAIServer([{"value": 3}]) as server:
        model = recorded(path, openai(server), "record")
        assert model.with_structured_output(Number).invoke("Which?") == Number(value=3)
        assert server.chats[0]["tools"][0]["function"]["name"] == "Number"
    assert recorded(path, "openai:test-model").with_structured_output(Number).invoke("Which?") == Number(value=3)


def test_an_agent_is_replayed_with_its_calls_and_answers(path: Path) -> None:
    """A whole conversation with tools, twice from one file: ids of messages and calls change nothing."""
    call = Reply(tool_calls=(ToolCall(name="add", arguments={"a": 1, "b": 2}),))
    script = ScriptedChatModel(replies=[call, "It is 3."])

    def ask(model: BaseChatModel) -> list[BaseMessage]:
        agent = build_agent_graph(model, [with_effect(add, "read")], "You add.")
        messages: list[BaseMessage] = agent.invoke({"query": "1 + 2?"})["messages"]
        return messages

    first = ask(recorded(path, script, "record"))
    for _ in range(2):
        again = ask(recorded(path, ScriptedChatModel()))
        assert [m.content for m in again] == [m.content for m in first]
    assert first[-1].content == "It is 3."


async def test_who_streams_a_graph_hears_a_recorded_model_once(path: Path) -> None:
    """While recording, the recorded model's own call is no second one: tokens come once, as when replaying."""

    async def told(model: BaseChatModel) -> list[str]:
        agent = build_agent_graph(model, [], "You answer.")
        given = {"query": "Say"}
        heard = [chunk for chunk, _ in agent.stream(given, stream_mode="messages")]
        heard += [chunk async for chunk, _ in agent.astream(given, stream_mode="messages")]
        return [str(chunk.content) for chunk in heard if isinstance(chunk, AIMessageChunk)]

    first = await told(recorded(path, ScriptedChatModel(replies=["one\ntwo\n", "three\n"]), "record"))
    assert "".join(first) == "one\ntwo\nthree\n"
    assert await told(recorded(path, ScriptedChatModel())) == first


def test_the_generation_graph_is_replayed(path: Path) -> None:
    """Drafts, a repair and the review, from the file: the second run asks nobody and comes to the same code."""
    replies = ["def double(x):\n    return x * x\n", "def double(x):\n    return x + x\n", {"decision": "approve"}]
    script = ScriptedChatModel(replies=replies)
    sources = []
    for mode in ("record", "replay"):
        with registered_models.override("recorded", recorded(path, script, mode)) as model:
            result = genloom.generate(
                "Double a number",
                examples=["double(1) == 2", "double(4) == 8", "double(5) == 10", "double(0) == 0"],
                generators=("model",),
                model="recorded",
                cache=False,
                further_checks="off",  # how many the reviewer is told of depends on the machine
            )
        assert (result.outcome, model.recording.unused) == ("passed", ())  # type: ignore[attr-defined]
        sources.append(result.source)
    assert sources[0] == sources[1]
    assert len(script.calls) == 3


def test_a_miss_shows_what_differs_from_the_nearest_request(path: Path) -> None:
    """Neither the model nor anything else is asked; the error holds the lines that differ."""
    model = recorded(path, ScriptedChatModel(rule=lambda messages: "yes"), "record")
    model.invoke([SystemMessage("You are brief."), HumanMessage("Is 7 prime?")])
    model.invoke("Something else entirely")
    replayed = recorded(path, ScriptedChatModel())
    with pytest.raises(RecordingMissError) as caught:
        replayed.invoke([SystemMessage("You are brief."), HumanMessage("Is 8 prime?")])
    told = str(caught.value)
    assert '-   "content": "Is 7 prime?"' in told
    assert '+   "content": "Is 8 prime?"' in told
    assert "entirely" not in told
    assert "GENLOOM_MODEL_RECORDING" in caught.value.hint


def test_a_request_made_more_often_than_recorded_says_so(path: Path) -> None:
    """An answer is given as often as it was recorded; an empty recording says that it is empty."""
    recorded(path, ScriptedChatModel(replies=["a"]), "record").invoke("Say")
    again = recorded(path, ScriptedChatModel())
    again.invoke("Say")
    with pytest.raises(RecordingMissError, match="once, and it is made once more"):
        again.invoke("Say")
    with pytest.raises(RecordingMissError, match="nothing was recorded"):
        recorded(path.with_name("other.json"), ScriptedChatModel()).invoke("Say")


def test_options_that_change_the_answer_make_another_request(path: Path) -> None:
    """Tools, temperature and stop words are part of a request; time-outs and the server's address are not."""
    with OpenAIServer(lambda request: "x") as server:
        recorded(path, openai(server, temperature=0.5), "record").invoke("Say")
        recorded(path, openai(server, temperature=0.5, timeout=3, max_retries=1)).invoke("Say")
        for other in (openai(server), openai(server, temperature=0.6)):
            with pytest.raises(RecordingMissError, match="temperature"):
                recorded(path, other).invoke("Say")
        asked = recorded(path, openai(server, temperature=0.5))
        with pytest.raises(RecordingMissError, match="add"):
            asked.bind_tools([add]).invoke("Say")
        with pytest.raises(RecordingMissError, match="stop"):
            asked.invoke("Say", stop=["."])
        with pytest.raises(RecordingMissError, match="other-model"):
            asked.bind(model="other-model").invoke("Say")
        assert len(server.chats) == 1


def test_what_is_missing_is_added_and_the_rest_replayed(path: Path) -> None:
    """In the mode `missing` the model is asked for what the file lacks; the mode `record` makes the file anew."""
    recorded(path, ScriptedChatModel(replies=["old"]), "record").invoke("A")
    script = ScriptedChatModel(replies=["new", "newer"])
    model = recorded(path, script, "missing")
    assert [model.invoke(text).content for text in ("A", "B", "A")] == ["old", "new", "newer"]
    replay = recorded(path, ScriptedChatModel())
    assert [replay.invoke(text).content for text in ("A", "A", "B")] == ["old", "newer", "new"]
    recorded(path, ScriptedChatModel(replies=["only"]), "record").invoke("C")
    assert [entry["answers"][0]["content"] for entry in json.loads(path.read_text())["calls"]] == ["only"]


def test_the_environment_sets_the_mode_and_an_argument_goes_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing said, a recording replays."""
    assert ModelRecording(path).mode == "replay"
    monkeypatch.setenv("GENLOOM_MODEL_RECORDING", "missing")
    assert (ModelRecording(path).mode, ModelRecording(path, "replay").mode) == ("missing", "replay")
    monkeypatch.setenv("GENLOOM_MODEL_RECORDING", "yes")
    with pytest.raises(UsageError, match="GENLOOM_MODEL_RECORDING"):
        ModelRecording(path)
    with pytest.raises(UsageError, match="no mode"):
        ModelRecording(path, "again")  # type: ignore[arg-type]


def test_no_secret_reaches_the_file_or_the_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what looks like one, nor the configured ones, nor the client's own key, in the question or in the answer; and
    what is replayed is what recording gave."""
    monkeypatch.setenv("OPENAI_API_KEY", "plainest-of-keys")
    secrets = (TOKEN, "plainest-of-keys", "the clients own", "told by the test")
    text = " and ".join(secrets)
    call = Reply(text=text, tool_calls=(ToolCall(name="add", arguments={"a": text, "password": "hunter2-hunter2"}),))
    with OpenAIServer([call]) as server:
        client = ChatOpenAI(model="test-model", base_url=server.base_url, api_key=SecretStr("the clients own"))
        recording = ModelRecording(path, "record", secrets=["told by the test"])
        model = RecordedChatModel(model=client, recording=recording)
        first = model.invoke([SystemMessage(text), HumanMessage([{"type": "text", "text": text}])])
    written = path.read_text()
    assert not [secret for secret in (*secrets, "hunter2-hunter2") if secret in written + str(first)]
    again = RecordedChatModel(model=client, recording=ModelRecording(path, secrets=["told by the test"]))
    with pytest.raises(RecordingMissError) as caught:
        again.invoke([SystemMessage(text), HumanMessage("other " + text)])
    assert not [secret for secret in secrets if secret in str(caught.value)]
    replayed = again.invoke([SystemMessage(text), HumanMessage([{"type": "text", "text": text}])])
    assert (replayed.content, replayed.tool_calls) == (first.content, first.tool_calls)


def test_what_differs_by_machine_or_day_can_be_replaced(path: Path, tmp_path: Path) -> None:
    """Texts and patterns of requests are put away before a request is looked for."""
    import re

    def model(folder: str, mode: str) -> RecordedChatModel:
        replace = {folder: "<folder>", re.compile(r"\d{4}-\d\d-\d\d"): "<day>"}
        recording = ModelRecording(path, mode, replace=replace)  # type: ignore[arg-type]
        return RecordedChatModel(model=ScriptedChatModel(replies=["ok"]), recording=recording)

    model("/a/b", "record").invoke("In /a/b on 2025-01-01")
    assert model("/c", "replay").invoke("In /c on 2026-02-02").content == "ok"
    assert "/a/b" not in path.read_text()


def test_threads_share_a_recording(path: Path) -> None:
    """Of eight threads that ask at once each gets one answer of its own, while recording and while replaying."""
    numbers = iter(range(10_000))
    script = ScriptedChatModel(rule=lambda messages: f"{messages[-1].content}-{next(numbers)}")

    def ask_all(model: RecordedChatModel) -> list[str]:
        barrier = threading.Barrier(8)

        def ask(number: int) -> str:
            barrier.wait()
            return str(model.invoke(f"question {number % 2}").content)

        with ThreadPoolExecutor(8) as pool:
            return sorted(pool.map(ask, range(8)))

    given = ask_all(recorded(path, script, "record"))
    assert len(set(given)) == 8
    replay = recorded(path, ScriptedChatModel())
    assert ask_all(replay) == given
    assert replay.recording.unused == ()


async def test_tasks_share_a_recording_and_two_recordings_a_file(path: Path) -> None:
    """Nothing that one of them writes is lost by the other."""
    models = [recorded(path, ScriptedChatModel(rule=lambda messages: "yes"), "missing") for _ in range(2)]
    await asyncio.gather(*(models[number % 2].ainvoke(f"question {number}") for number in range(10)))
    assert len(json.loads(path.read_text())["calls"]) == 10
    unused = ModelRecording(path).unused
    assert len(unused) == 10


def test_recordings_of_one_file_at_the_same_time_make_it_anew_once(path: Path) -> None:
    """The second one joins, also when it was made after the first answer; who comes after both makes the file anew."""
    script = ScriptedChatModel(rule=lambda messages: "yes")
    one, two = recorded(path, script, "record"), recorded(path, script, "record")
    one.invoke("a")
    three = recorded(path, script, "record")
    for model, question in ((two, "b"), (three, "c"), (one, "d")):
        model.invoke(question)
    assert len(json.loads(path.read_text())["calls"]) == 4
    del one, two, three, model
    recorded(path, script, "record").invoke("e")
    assert len(json.loads(path.read_text())["calls"]) == 1


RECORDING_PROCESS = """
import sys
from genloom.testing import ModelRecording, RecordedChatModel, ScriptedChatModel

path, name = sys.argv[1:]
model = RecordedChatModel(model=ScriptedChatModel(rule=lambda messages: "yes"), recording=ModelRecording(path, "record"))
for number in range(3):
    model.invoke(f"{name} {number}")
    print("asked", flush=True)
    sys.stdin.readline()
"""


def test_processes_that_record_at_the_same_time_lose_nothing(path: Path) -> None:
    """Each asks when the test says so: the first begins, the others join it."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RECORDING_PROCESS, str(path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    for _ in range(3):
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "asked\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
    for process in running:
        process.communicate(timeout=60)
    assert len(json.loads(path.read_text())["calls"]) == 6


def test_a_file_is_not_read_again_for_each_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But where somebody else wrote it: then what is there is kept."""
    reads: list[Path] = []

    def counted(file: Path) -> RecordedCalls:
        reads.append(file)
        return read_calls(file)

    monkeypatch.setattr("genloom.testing.recording.written.read_calls", counted)
    script = ScriptedChatModel(rule=lambda messages: "two\nlines")
    model = recorded(path, script, "record")
    for number in range(20):
        model.invoke(f"{number % 15}")
    assert reads == []
    assert path.read_text() == dump_calls(read_calls(path))
    recorded(path, script, "missing").invoke("new")
    reads.clear()
    model.invoke("last")
    assert len(reads) == 1
    assert len(json.loads(path.read_text())["calls"]) == 17


KEY = "zq7Lw0pTmN4xYv2BcR8d"


@pytest.mark.parametrize(
    "options",
    [{"api_key": lambda: KEY}, {"api_key": "any", "default_headers": {"X-Api-Key": KEY}}, {"api_key": SecretStr(KEY)}],
    ids=["callable", "header", "plain"],
)
def test_the_clients_own_key_is_not_recorded_wherever_it_stands(path: Path, options: dict[str, Any]) -> None:
    with OpenAIServer(lambda request: f"your key is {KEY}") as server:
        model = ChatOpenAI(model="test-model", base_url=server.base_url, **options)
        said = recorded(path, model, "record").invoke(f"my key is {KEY}")
    assert KEY not in path.read_text() + str(said)
    assert "your key is" in path.read_text()


def test_a_key_that_can_only_be_awaited_is_refused_before_anything_is_asked(path: Path) -> None:
    async def key() -> str:
        return KEY

    with OpenAIServer("hi") as server:
        model = ChatOpenAI(model="test-model", base_url=server.base_url, api_key=key)
        with pytest.raises(UsageError, match="cannot be asked here"):
            recorded(path, model, "record").invoke("x")
        assert not server.chats


@pytest.mark.parametrize("options", [{"method": "json_schema"}, {"method": "json_mode"}, {"strict": True}], ids=str)
def test_structured_output_that_would_be_asked_for_in_another_way_is_refused(
    path: Path, options: dict[str, Any]
) -> None:
    model = recorded(path, ScriptedChatModel(replies=[{"value": 3}]), "record")
    with pytest.raises(UsageError, match="tool's call"):
        model.with_structured_output(Number, **options)
    assert model.with_structured_output(Number, method="function_calling").invoke("Which?") == Number(value=3)


@pytest.mark.parametrize("key", ["id", "timeout", "config", "user", "metadata", "index"])
def test_what_a_tool_gave_back_inside_a_block_tells_requests_apart(path: Path, key: str) -> None:
    def asked(value: int, number: str) -> list[BaseMessage]:
        inner = {"type": "json", "value": {key: value}, "id": number}
        return [HumanMessage([{"type": "tool_result", "content": [inner], "id": number}])]

    model = recorded(path, ScriptedChatModel(replies=["one"]), "record")
    model.invoke(asked(1, "a"))
    assert recorded(path, ScriptedChatModel()).invoke(asked(1, "b")).content == "one"
    with pytest.raises(RecordingMissError):
        recorded(path, ScriptedChatModel()).invoke(asked(2, "a"))


def test_the_file_is_the_same_whoever_asked_first(path: Path) -> None:
    """Requests stand in an order of their own, a conversation's turns one after the other, lines readable."""
    questions = [
        [HumanMessage("A\nsecond line")],
        [HumanMessage("B")],
        [HumanMessage("A\nsecond line"), AIMessage("x"), HumanMessage("C")],
    ]
    texts = []
    for order in (questions, questions[::-1]):
        model = recorded(path, ScriptedChatModel(rule=lambda messages: "yes\nno"), "record")
        for messages in order:
            model.invoke(messages)
        texts.append(path.read_text())
    assert texts[0] == texts[1]
    lengths = [len(entry["request"]["messages"]) for entry in json.loads(texts[0])["calls"]]
    assert lengths == [1, 3, 1]
    assert '"second line"' in texts[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no JSON"),
        ("[]", "no recording"),
        ('{"format": "genloom model recording", "version": 99}', "version"),
        ('{"format": "genloom model recording", "version": 1, "calls": [{}]}', "malformed"),
    ],
)
def test_a_file_that_is_no_recording_is_an_error(path: Path, text: str, told: str) -> None:
    """It says what is wrong and leaves the file as it was."""
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(UsageError, match=told):
        ModelRecording(path)
    assert path.read_text() == text


def test_no_file_but_a_recording_is_replaced(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Recording anew over another file is refused; over an old recording, or a broken one, it is what helps. A relative
    path means where the process was then."""
    path.parent.mkdir()
    path.write_text('{"notes": "mine"}')
    with pytest.raises(UsageError, match="not replaced"):
        ModelRecording(path, "record")
    assert path.read_text() == '{"notes": "mine"}'
    path.write_text('{"format": "genloom model recording", "version": 0')
    monkeypatch.chdir(path.parent)
    model = recorded(Path(path.name), ScriptedChatModel(replies=["yes"]), "record")
    monkeypatch.chdir(tmp_path)
    model.invoke("Say")
    assert recorded(path, ScriptedChatModel()).invoke("Say").content == "yes"


def test_langchains_cache_answers_nothing_in_its_place(path: Path) -> None:
    """A request made twice is recorded twice and replayed twice, also where a cache is set for the whole process."""
    set_llm_cache(InMemoryCache())
    try:
        for mode in ("record", "replay"):
            model = recorded(path, ScriptedChatModel(replies=["one"]), mode)
            assert [model.invoke("Say").content for _ in range(2)] == ["one", "one"]
        with pytest.raises(RecordingMissError, match="2 times"):
            model.invoke("Say")
    finally:
        set_llm_cache(None)


def test_what_a_provider_sets_by_itself_is_no_option(path: Path) -> None:
    """A model by name and the same model made by hand are one, with providers that have defaults, too."""
    by_hand: list[BaseChatModel] = [
        ChatOpenAI(model="x", api_key=SecretStr("any"), timeout=9, streaming=True),
        ChatGoogleGenerativeAI(model="x", google_api_key=SecretStr("any")),
    ]
    for model, name in zip(by_hand, ("openai:x", "google_genai:x"), strict=True):
        one, other = recorded(path, model), recorded(path, name)
        assert one._request([HumanMessage("Say")], None, {}) == other._request([HumanMessage("Say")], None, {})
    asked = recorded(path, ChatAnthropic(model_name="x", api_key=SecretStr("any"), timeout=None, stop=None))
    assert asked._request([HumanMessage("Say")], None, {}).data["options"] == {"max_tokens": 4096}


def test_answers_may_be_edited_and_requests_may_not(path: Path) -> None:
    """A changed answer is replayed; a changed request no longer fits its key."""
    recorded(path, ScriptedChatModel(replies=["three"]), "record").invoke("How many?")
    text = path.read_text()
    path.write_text(text.replace("three", "four"))
    assert recorded(path, ScriptedChatModel()).invoke("How many?").content == "four"
    path.write_text(text.replace("How many", "How much"))
    with pytest.raises(UsageError, match="edited"):
        ModelRecording(path)


def test_a_failure_of_the_model_is_raised_and_not_recorded(path: Path) -> None:
    """Only answers are kept; what was recorded before stays."""
    model = recorded(path, ScriptedChatModel(replies=["a", ValueError("busy"), "b"]), "record")
    model.invoke("Say")
    before = path.read_text()
    with pytest.raises(ValueError, match="busy"):
        model.invoke("Say")
    assert path.read_text() == before
    assert model.invoke("Say").content == "b"


def test_a_picture_is_recorded_by_its_hash(path: Path) -> None:
    """Another picture is another request, and the file holds neither."""

    def ask(data: str) -> HumanMessage:
        return HumanMessage([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}])

    recorded(path, ScriptedChatModel(replies=["a cat"]), "record").invoke([ask("QUJD" * 9000)])
    assert len(path.read_text()) < 2000
    assert recorded(path, ScriptedChatModel()).invoke([ask("QUJD" * 9000)]).content == "a cat"
    with pytest.raises(RecordingMissError):
        recorded(path, ScriptedChatModel()).invoke([ask("QUJE" * 9000)])
