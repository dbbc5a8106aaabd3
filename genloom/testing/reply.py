"""A scripted model's reply, whichever way it is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from genloom.errors import UsageError

__all__ = ["Reply", "ReplyLike", "ToolCall", "as_replies", "as_reply", "call_for_value", "count_tokens", "script_ended"]


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A call of a tool that the model asks for."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON of the tool's own shape


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a model says: text, calls of tools, or a structured `value` that is given the way the request asks for it
    (as JSON text, or as the arguments of the tool that was offered). Tokens are counted from the text unless given."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    value: Mapping[str, Any] | None = None  # Any: JSON of the caller's own shape
    input_tokens: int | None = None
    output_tokens: int | None = None


ReplyLike = str | Mapping[str, Any] | BaseModel | Reply
"""A text, a structured value (mapping or pydantic model), or a whole `Reply`."""


def as_reply(reply: ReplyLike) -> Reply:
    """Return any accepted form as a `Reply`."""
    if isinstance(reply, Reply):
        return reply
    if isinstance(reply, str):
        return Reply(text=reply)
    if isinstance(reply, BaseModel):
        return Reply(value=reply.model_dump(mode="json"))
    return Reply(value=reply)


def as_replies(source: Any) -> Sequence[Any] | Callable[..., Any]:  # Any: replies, errors among them, or a rule
    """Return what a script is made of: one reply by itself is a list of one, never of its letters or keys."""
    return [source] if isinstance(source, str | Mapping | BaseModel | Reply | Exception) else source


def call_for_value(value: Mapping[str, Any], tools: list[dict[str, Any]], choice: object) -> ToolCall:
    """Return the call that gives a structured value through an offered tool: the chosen one, else the first.

    `tools` and `choice` are OpenAI's `tools` and `tool_choice`.
    """
    names = [str(tool.get("function", {}).get("name", "")) for tool in tools]
    chosen = choice.get("function", {}).get("name") if isinstance(choice, Mapping) else choice
    return ToolCall(name=chosen if isinstance(chosen, str) and chosen in names else names[0], arguments=value)


def count_tokens(text: str) -> int:
    """Return a stand-in for a tokenizer's count: four characters a token."""
    return max(1, len(text) // 4)


def script_ended(asked: int) -> UsageError:
    """Return the error of a script that was asked more often than it has replies."""
    return UsageError(
        f"The script has no reply to request number {asked}.", hint="Add a reply, or give a rule instead of a list."
    )
