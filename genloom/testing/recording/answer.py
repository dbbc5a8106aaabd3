"""A chat model's answer as it is recorded, and the message that it is again.

What is kept: the content, the tool calls, the tokens, and of the server's notes what callers go by (`finish_reason`, the
model's name). Ids of tool calls are made anew from the request's key, so that they are the same in every recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, ToolCallChunk
from langchain_core.messages.ai import UsageMetadata

from genloom.testing.recording.request import Json, plain
from genloom.tools.security import Redactor

__all__ = ["answer_data", "answer_message", "answer_pieces"]

_NOTES = ("finish_reason", "model_name", "model_provider", "stop_reason")
_COUNTS = ("input_tokens", "output_tokens", "total_tokens")


def answer_data(message: AIMessage, *, prefix: str, redactor: Redactor) -> dict[str, Json]:
    """Return an answer as JSON without secrets. Tool calls are named `<prefix>_<number>`."""
    ids = {str(call["id"]): f"{prefix}_{number}" for number, call in enumerate(message.tool_calls)}
    data: dict[str, Json] = {"content": _content(message.content, ids)}
    if message.tool_calls:
        data["tool_calls"] = [
            {"name": call["name"], "arguments": plain(call["args"]), "id": f"{prefix}_{number}"}
            for number, call in enumerate(message.tool_calls)
        ]
    if message.invalid_tool_calls:
        data["invalid_tool_calls"] = [
            {"name": call["name"], "arguments": call["args"], "id": f"{prefix}_x{number}"}
            for number, call in enumerate(message.invalid_tool_calls)
        ]
    if message.usage_metadata:
        data["tokens"] = {name: int(message.usage_metadata.get(name, 0)) for name in _COUNTS}  # type: ignore[call-overload]
    notes = {name: plain(message.response_metadata[name]) for name in _NOTES if message.response_metadata.get(name)}
    extra = {name: plain(item) for name, item in message.additional_kwargs.items() if name not in _ELSEWHERE and item}
    data |= {name: value for name, value in (("notes", notes), ("additional", extra)) if value}
    redacted: dict[str, Json] = redactor.data(data)
    return redacted


_ELSEWHERE = ("tool_calls", "function_call", "parsed")
"""What stands among the tool calls already, and what a client parsed from the content."""


def _content(content: Json, ids: Mapping[str, str]) -> Json:
    """Return the content as JSON, with the new ids of tool calls in place of the server's."""
    if isinstance(content, list):
        return [_content(item, ids) for item in content]
    if isinstance(content, Mapping):
        return {str(key): _content(item, ids) for key, item in content.items()}
    return ids.get(content, plain(content)) if isinstance(content, str) else plain(content)


def answer_message(data: Mapping[str, Json]) -> AIMessage:
    """Return the message of a recorded answer. Raises `KeyError`, `TypeError` or `ValueError` where it is none."""
    return AIMessage(
        content=data["content"],
        tool_calls=[_call(call, "tool_call") for call in data.get("tool_calls", ())],
        invalid_tool_calls=[
            {**_call(call, "invalid_tool_call"), "error": None} for call in data.get("invalid_tool_calls", ())
        ],
        usage_metadata=_usage(data),
        response_metadata=dict(data.get("notes", {})),
        additional_kwargs=dict(data.get("additional", {})),
    )


def _call(call: Mapping[str, Json], kind: str) -> Any:  # Any: one of LangChain's typed dictionaries, by its kind
    return {"name": call["name"], "args": call["arguments"], "id": call["id"], "type": kind}


def _usage(data: Mapping[str, Json]) -> UsageMetadata | None:
    tokens = data.get("tokens")
    if tokens is None:
        return None
    asked, told, both = (int(tokens[name]) for name in _COUNTS)
    return UsageMetadata(input_tokens=asked, output_tokens=told, total_tokens=both)


def answer_pieces(message: AIMessage) -> Iterator[AIMessageChunk]:
    """Yield an answer in pieces, as a server streams it: its text line by line, then all else. They add up to it."""
    import json

    blocks = message.content if isinstance(message.content, list) else None
    if blocks is None:
        for line in str(message.content).splitlines(keepends=True):
            yield AIMessageChunk(content=line)
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    yield AIMessageChunk(
        content=blocks if blocks is not None else "",
        tool_call_chunks=[
            ToolCallChunk(
                name=call["name"],
                args=call["args"] if isinstance(call["args"], str) else json.dumps(call["args"]),
                id=call["id"],
                index=number,
                type="tool_call_chunk",
            )
            for number, call in enumerate(calls)
        ],
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        additional_kwargs=message.additional_kwargs,
    )
