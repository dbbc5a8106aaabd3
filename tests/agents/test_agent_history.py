"""Histories that are too long: what stays, what goes, and that no call is parted from its answers."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from genloom.errors import GraphDefinitionError
from genloom.nodes.agent.history import HistoryLimits, find_cut


@st.composite
def histories(draw: st.DrawFn) -> list[AnyMessage]:
    """Histories as agents make them: questions, answers, and calls of tools with their answers in any order."""
    messages: list[AnyMessage] = []
    for turn in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["human", "system", "ai", "exchange", "exchange"]))
        text = "x" * draw(st.integers(0, 400))
        if kind == "exchange":
            ids = [f"{turn}-{place}" for place in range(draw(st.integers(1, 5)))]
            messages.append(AIMessage(text, tool_calls=[{"name": "look", "args": {}, "id": each} for each in ids]))
            messages += [ToolMessage(text, tool_call_id=each) for each in draw(st.permutations(ids))]
        else:
            messages.append({"human": HumanMessage, "system": SystemMessage, "ai": AIMessage}[kind](text))
    return messages


limits = st.builds(
    HistoryLimits,
    max_messages=st.integers(4, 30),
    max_tokens=st.integers(100, 1500),
    keep_first=st.integers(0, 1),
)


def _orphans(messages: list[AnyMessage]) -> list[str]:
    called, orphans = set[str](), list[str]()
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    for message in messages:
        if isinstance(message, AIMessage):
            called |= {str(call["id"]) for call in message.tool_calls}
            orphans += [str(call["id"]) for call in message.tool_calls if call["id"] not in answered]
        elif isinstance(message, ToolMessage) and message.tool_call_id not in called:
            orphans.append(message.tool_call_id)
    return orphans


@given(histories(), limits)
def test_no_tool_call_is_parted_from_its_answers(messages: list[AnyMessage], limits: HistoryLimits) -> None:
    cut = find_cut(messages, limits)
    if cut is not None:
        assert not _orphans(list(cut.head))
        assert not _orphans(list(cut.tail))


@given(histories(), limits)
def test_the_parts_of_a_cut_are_the_history_in_its_order_and_nothing_is_changed(
    messages: list[AnyMessage], limits: HistoryLimits
) -> None:
    before = copy.deepcopy(messages)
    cut = find_cut(messages, limits)
    assert messages == before
    if cut is not None:
        assert [*cut.head, *cut.middle, *cut.tail] == messages
        assert cut.middle


@given(histories(), limits)
def test_what_stays_is_within_the_limits_unless_one_exchange_is_not(
    messages: list[AnyMessage], limits: HistoryLimits
) -> None:
    if not limits.exceeded_by(messages):
        return
    cut = find_cut(messages, limits)
    kept = messages if cut is None else [*cut.head, *cut.tail]
    longest_exchange = 6
    assert len(kept) <= limits.max_messages + longest_exchange


def test_a_long_history_keeps_its_first_message_and_the_newest_half() -> None:
    messages: list[AnyMessage] = [HumanMessage(str(number)) for number in range(20)]
    cut = find_cut(messages, HistoryLimits(max_messages=10, keep_first=1))
    assert cut is not None
    assert [message.content for message in cut.head] == ["0"]
    assert [message.content for message in cut.tail] == ["16", "17", "18", "19"]


def test_a_calls_answers_that_are_longer_than_the_limits_stay_together() -> None:
    ids = [str(number) for number in range(30)]
    exchange: list[AnyMessage] = [
        AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": each} for each in ids]),
        *(ToolMessage("seen", tool_call_id=each) for each in ids),
    ]
    cut = find_cut([HumanMessage("look"), HumanMessage("more"), *exchange], HistoryLimits(max_messages=8))
    assert cut is not None
    assert [message.content for message in cut.middle] == ["more"]
    assert list(cut.tail) == exchange


def test_limits_without_room_are_refused() -> None:
    with pytest.raises(GraphDefinitionError, match="leave no room"):
        HistoryLimits(max_messages=3)
    with pytest.raises(GraphDefinitionError, match="leave no room"):
        HistoryLimits(max_messages=8, keep_first=4)
