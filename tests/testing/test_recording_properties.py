"""The key of a request and the file of a recording, over drawn requests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from genloom.errors import UsageError
from genloom.testing.recording.answer import answer_data, answer_message, answer_pieces
from genloom.testing.recording.recording_file import RecordedCalls, dump_calls, parse_calls
from genloom.testing.recording.request import ModelRequest, model_request
from genloom.tools.security import Redactor

texts = st.text(max_size=30) | st.sampled_from(["a\nb", "\r\n", "\u2028x", '"lines"', "ghp_" + "a1B2c3D4e5" * 4])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(st.text("abc", min_size=1, max_size=5), values, max_size=3)
options = st.dictionaries(
    st.sampled_from(["temperature", "top_p", "seed", "tools", "stop", "tool_choice"]), values, max_size=4
)


@st.composite
def conversations(draw: st.DrawFn) -> list[BaseMessage]:
    """Messages of every kind, calls of tools answered."""
    messages: list[BaseMessage] = [SystemMessage(draw(texts))] if draw(st.booleans()) else []
    for turn in range(draw(st.integers(0, 3))):
        messages.append(HumanMessage(draw(texts)))
        calls = [
            {"name": "add", "args": draw(arguments), "id": f"id-{turn}-{n}"} for n in range(draw(st.integers(0, 2)))
        ]
        messages.append(AIMessage(draw(texts), tool_calls=calls))
        messages += [ToolMessage(draw(texts), tool_call_id=str(call["id"])) for call in calls]
    return [*messages, HumanMessage(draw(texts))]


def canonical(messages: list[BaseMessage], chosen: dict[str, Any]) -> ModelRequest:
    return model_request(messages, chosen, model="m", redactor=Redactor())


def renamed(messages: list[BaseMessage]) -> list[BaseMessage]:
    """The same conversation as another run would hold it: other ids, other notes of the server."""

    def other(message: BaseMessage) -> BaseMessage:
        changes: dict[str, Any] = {"id": "another", "response_metadata": {"created": 17}}
        if isinstance(message, AIMessage):
            changes["tool_calls"] = [{**call, "id": f"new-{call['id']}"} for call in message.tool_calls]
        if isinstance(message, ToolMessage):
            changes["tool_call_id"] = f"new-{message.tool_call_id}"
        return message.model_copy(update=changes)

    return [other(message) for message in messages]


@given(conversations(), options)
def test_a_key_does_not_depend_on_ids_notes_or_the_order_of_options(
    messages: list[BaseMessage], chosen: dict[str, Any]
) -> None:
    """What changes from run to run leaves the key as it is, and so does what no client sends."""
    backwards = dict(reversed(chosen.items()))
    key = canonical(messages, chosen).key
    assert canonical(renamed(messages), backwards).key == key
    assert canonical(messages, {**chosen, "timeout": 3, "stream": True, "max_tokens": None}).key == key


@given(conversations(), options, texts.filter(bool), st.integers(0, 100))
def test_a_key_depends_on_every_text(
    messages: list[BaseMessage], chosen: dict[str, Any], more: str, place: int
) -> None:
    """A message that says more makes another request, unless redaction makes them alike."""
    index = place % len(messages)
    changed = list(messages)
    changed[index] = messages[index].model_copy(update={"content": f"{messages[index].content} {more}!"})
    assert canonical(changed, chosen).key != canonical(messages, chosen).key
    assert canonical([*messages, HumanMessage(more)], chosen).key != canonical(messages, chosen).key


@given(st.lists(st.tuples(conversations(), options, st.lists(texts, min_size=1, max_size=3)), max_size=4))
def test_a_file_gives_back_what_was_written(entries: list[tuple[list[BaseMessage], dict[str, Any], list[str]]]) -> None:
    """Requests with their keys, answers in their order; written again, and in another order, it is the same text."""
    calls: RecordedCalls = {}
    for messages, chosen, said in entries:
        request = canonical(messages, chosen)
        answers = [answer_data(AIMessage(text), prefix="p", redactor=Redactor()) for text in said]
        calls[request.key] = request, answers
    text = dump_calls(calls)
    assert parse_calls(text) == calls
    assert dump_calls(dict(reversed(calls.items()))) == text
    assert "ghp_a1B2" not in text


@given(texts, st.lists(arguments, max_size=3))
def test_an_answer_is_the_same_message_after_the_file_and_after_a_stream(
    text: str, calls: list[dict[str, Any]]
) -> None:
    """Content, calls and ids survive, each call with an id of its own; what redaction took is gone once for all."""
    message = AIMessage(text, tool_calls=[{"name": "add", "args": call, "id": "same"} for call in calls])
    data = answer_data(message, prefix="call_x", redactor=Redactor())
    stored = json.loads(json.dumps(data))
    again = answer_message(stored)
    assert answer_data(again, prefix="call_x", redactor=Redactor()) == data
    assert len({call["id"] for call in again.tool_calls}) == len(calls)
    whole = None
    for piece in answer_pieces(again):
        whole = piece if whole is None else whole + piece
    assert whole is not None
    assert whole.content == again.content
    assert [call["id"] for call in whole.tool_calls] == [call["id"] for call in again.tool_calls]


@given(st.text(max_size=200) | st.binary(max_size=50).map(lambda data: data.decode("latin-1")))
def test_any_text_as_a_file_is_an_error_with_a_message(text: str) -> None:
    """Nothing else than a UsageError comes of a file that is no recording."""
    with pytest.raises(UsageError) as caught:
        parse_calls(text)
    assert caught.value.message
