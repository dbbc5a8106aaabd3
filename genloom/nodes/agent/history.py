"""Histories: which messages a model is sent, where a long history is cut, and calls that nobody answered.

A tool's answer means nothing without the call that asked for it, and most servers refuse it: a history is cut only between
exchanges, never inside of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately

from genloom.errors import GraphDefinitionError

__all__ = ["Cut", "HistoryLimits", "answered", "find_cut", "open_boundaries", "shown"]

TokenCounter = Callable[[Sequence[AnyMessage]], int]

WORTH_IT = 8
"""A summary is made where it replaces at least this part of a limit: else one would be made at every turn of a history that
is too long for another reason."""
UNANSWERED = "This call was not run: the conversation went on without it."


@dataclass(frozen=True, kw_only=True)
class HistoryLimits:
    """How long a history may grow before its middle is summarised.

    More than `max_messages` messages or `max_tokens` tokens (estimated at four characters a token unless `count_tokens`
    says better) are too long. The first `keep_first` messages stay, and of the newest ones about half of each limit.
    """

    max_messages: int = 100
    max_tokens: int = 100_000
    keep_first: int = 1
    count_tokens: TokenCounter = count_tokens_approximately

    def __post_init__(self) -> None:
        if self.max_messages < 4 or self.max_tokens < 100 or not 0 <= self.keep_first <= self.max_messages // 4:
            raise GraphDefinitionError(
                "A history's limits leave no room.",
                hint="Give at least 4 messages and 100 tokens, and keep at most a quarter of them at the start.",
            )

    def exceeded_by(self, messages: Sequence[AnyMessage]) -> bool:
        """Whether this history is too long."""
        return len(messages) > self.max_messages or self.count_tokens(messages) > self.max_tokens


@dataclass(frozen=True)
class Cut:
    """A history in three parts: `head` and `tail` stay, `middle` goes. Together they are the history, in its order."""

    head: tuple[AnyMessage, ...]
    middle: tuple[AnyMessage, ...]
    tail: tuple[AnyMessage, ...]


def shown(messages: Sequence[AnyMessage], summarised: str, keep_first: int) -> tuple[list[AnyMessage], int]:
    """Return the messages that no summary stands for, and how many of them come before it: the head, and what follows the
    message whose id is `summarised` (all of it where none is)."""
    start = _head(messages, keep_first)
    place = next((n for n, message in enumerate(messages, 1) if message.id == summarised), 0) if summarised else 0
    return [*messages[:start], *messages[max(start, place) :]], start


def find_cut(messages: Sequence[AnyMessage], limits: HistoryLimits) -> Cut | None:
    """Return where to cut a history that is too long, `None` where nothing can go, or too little to be worth a summary.

    No tool call is parted from its answers. Where the newest exchange alone is longer than the limits, it stays whole.
    """
    boundaries = open_boundaries(messages)
    start = _head(messages, limits.keep_first)
    wanted = max(_fitting_tail(messages, limits), start)
    later = [place for place in boundaries if place >= wanted and place < len(messages)]
    earlier = [place for place in boundaries if start < place < wanted]
    end = later[0] if later else earlier[-1] if earlier else start
    if end <= start:
        return None
    cut = Cut(tuple(messages[:start]), tuple(messages[start:end]), tuple(messages[end:]))
    return cut if _is_worth_it(cut.middle, limits) else None


def open_boundaries(messages: Sequence[AnyMessage]) -> list[int]:
    """Return the places between messages, 0 and the length among them, where no tool call waits for its answer and no
    answer follows a call before it."""
    boundaries, waiting = [0], set[str]()
    for place, message in enumerate(messages, start=1):
        if isinstance(message, AIMessage):
            waiting |= {call["id"] or "" for call in message.tool_calls}
        elif isinstance(message, ToolMessage):
            waiting.discard(message.tool_call_id)
        follows = messages[place] if place < len(messages) else None
        if not waiting and not isinstance(follows, ToolMessage):
            boundaries.append(place)
    return boundaries if boundaries[-1] == len(messages) else [*boundaries, len(messages)]


def answered(messages: Sequence[AnyMessage]) -> list[AnyMessage] | None:
    """Return the history with an answer to each call that has none although the conversation went on, `None` where there
    is no such call. A person may go on while a call waits for leave; servers refuse a history with a call left open."""
    complete: list[AnyMessage] = []
    waiting: list[tuple[str, str]] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            waiting = [call for call in waiting if call[0] != message.tool_call_id]
        else:
            complete += [ToolMessage(UNANSWERED, tool_call_id=i, name=name, status="error") for i, name in waiting]
            waiting = []
        if isinstance(message, AIMessage):
            waiting = [(call["id"] or "", call["name"]) for call in message.tool_calls]
        complete.append(message)
    complete += [ToolMessage(UNANSWERED, tool_call_id=i, name=name, status="error") for i, name in waiting]
    return complete if len(complete) > len(messages) else None


def _head(messages: Sequence[AnyMessage], keep_first: int) -> int:
    return max(place for place in open_boundaries(messages[: keep_first + 1]) if place <= keep_first)


def _fitting_tail(messages: Sequence[AnyMessage], limits: HistoryLimits) -> int:
    """Return where the longest tail begins that is within half of each limit."""
    most = limits.max_messages // 2 - limits.keep_first
    left = limits.max_tokens // 2
    place = len(messages)
    while place > 0 and len(messages) - place < most:
        left -= limits.count_tokens([messages[place - 1]])
        if left < 0:
            break
        place -= 1
    return place


def _is_worth_it(middle: Sequence[AnyMessage], limits: HistoryLimits) -> bool:
    return len(middle) * WORTH_IT >= limits.max_messages or limits.count_tokens(middle) * WORTH_IT >= limits.max_tokens
