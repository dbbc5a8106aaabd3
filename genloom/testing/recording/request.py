"""What a chat model is asked, in one canonical form without secrets: what a recorded answer is found by.

Left out is what changes from run to run and not the answer: ids of messages, the server's notes on earlier answers, how
often a client tries again, whether the answer is streamed. Ids of tool calls are numbered in the order of their coming.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from pydantic import BaseModel

from genloom.tools.security import Redactor

__all__ = ["Json", "ModelRequest", "model_request", "plain"]

Json = Any
"""A value of JSON: Any, because its shape is the caller's."""

LONGEST_TEXT = 20_000
"""Characters of a text in a recorded request; of a longer one its beginning, its end and its hash stand there."""

_VOLATILE = frozenset(
    """
    api_key base_url cache_control callbacks config default_headers default_request_timeout encrypted_content extra_headers
    headers http_async_client http_client id index ls_structured_output_format max_retries metadata
    openai_api_base request_timeout run_id signature stream stream_options stream_usage streaming structured_output_format
    timeout user
    """.split()
)
"""Options, and keys of a message's blocks themselves, that change from run to run or are no matter of the answer's."""

_MEDIA = frozenset({"data", "base64", "file_data", "image_url", "url"})
_BLOCKS = frozenset({"content", "summary", "annotations"})
"""Keys of blocks that hold blocks."""
_CALL_IDS = frozenset({"call_id", "tool_call_id", "tool_use_id"})


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """A request in its canonical form. Equal requests have equal keys, whatever the order of their options."""

    data: dict[str, Json]
    """`model`, `messages`, and where given `tools` and `options`; JSON, without secrets."""

    @cached_property
    def key(self) -> str:
        """A hash of the whole."""
        text = json.dumps(self.data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def model_request(
    messages: Sequence[BaseMessage],
    options: Mapping[str, Any],  # Any: what callers bind to a chat model
    *,
    model: str,
    redactor: Redactor,
    replace: Callable[[str], str] = str,
) -> ModelRequest:
    """Return the canonical form of a request: its messages, the tools on offer and the further options.

    `replace` is applied to each text, after redaction and before anything long is shortened.
    """
    ids = _CallIds()
    whole: dict[str, Json] = {"model": model, "messages": [_message(message, ids) for message in messages]}
    rest = {name: value for name, value in options.items() if name not in _VOLATILE and value is not None}
    tools = rest.pop("tools", None)
    if tools:
        whole["tools"] = plain(tools)
    if rest:
        whole["options"] = {name: plain(rest[name]) for name in sorted(rest)}
    return ModelRequest(data=_finished(redactor.data(whole), replace))


class _CallIds:
    """Ids of tool calls, numbered as they come."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def number(self, call_id: object) -> str:
        return self._numbers.setdefault(str(call_id), f"call {len(self._numbers) + 1}")


def _message(message: BaseMessage, ids: _CallIds) -> dict[str, Json]:
    told: dict[str, Json] = {"role": message.type}
    if message.name:
        told["name"] = message.name
    if isinstance(message, AIMessage) and message.tool_calls:
        told["tool_calls"] = [
            {"name": call["name"], "arguments": plain(call["args"]), "id": ids.number(call["id"])}
            for call in message.tool_calls
        ]
    if isinstance(message, ToolMessage):
        told["answers"] = ids.number(message.tool_call_id)
        if message.status == "error":
            told["status"] = "error"
    told["content"] = _content(message.content, ids)
    return told


def _content(content: Json, ids: _CallIds, *, blocks: bool = True) -> Json:
    """Return a message's content: its text, or its blocks without what changes from run to run. What a tool was called with
    or gave back inside a block is no block, and kept whole."""
    if isinstance(content, list):
        return [_content(item, ids, blocks=blocks) for item in content]
    if isinstance(content, Mapping):
        kept = {key: item for key, item in content.items() if not (blocks and key in _VOLATILE)}
        return {str(key): _part(str(key), item, ids) for key, item in kept.items()}
    return plain(content)


def _part(key: str, item: Json, ids: _CallIds) -> Json:
    if key in _CALL_IDS and isinstance(item, str):
        return ids.number(item)
    if key in _MEDIA and isinstance(item, str | bytes) and (key not in ("url", "image_url") or item[:5] == "data:"):
        return _media(item)
    return _content(item, ids, blocks=key in _BLOCKS and isinstance(item, list))


def _media(data: str | bytes) -> str:
    """Return what stands for a picture or a file: a hash, since nobody reads it here."""
    content = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    return f"[{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()[:32]}]"


def plain(value: Any) -> Json:  # Any: whatever is bound to a chat model
    """Return a value as JSON that does not depend on the process: classes by their schema, functions by their name."""
    match value:
        case None | int():  # True and False, too
            return value
        case float():
            return _number(value)
        case str():
            return value.encode("utf-8", "replace").decode()
        case bytes():
            return _media(value)
        case BaseModel():
            return plain(value.model_dump(mode="json"))
        case Mapping():
            return {plain(str(key)): plain(item) for key, item in value.items()}
        case set() | frozenset() | list() | tuple():
            items = [plain(item) for item in value]
            return sorted(items, key=repr) if isinstance(value, set | frozenset) else items
    return _named(value)


def _number(value: float) -> int | float | str:
    if not math.isfinite(value):
        return repr(value)
    return int(value) if value.is_integer() else value


def _named(value: object) -> Json:
    if inspect.isclass(value) and issubclass(value, BaseModel):
        return plain(value.model_json_schema())
    name = getattr(value, "__qualname__", None)
    return name if isinstance(name, str) else type(value).__qualname__


def _finished(value: Json, replace: Callable[[str], str]) -> Json:
    """Return JSON with the user's replacements made, and long texts shortened."""
    if isinstance(value, str):
        return _shortened(replace(value))
    if isinstance(value, list):
        return [_finished(item, replace) for item in value]
    if isinstance(value, dict):
        return {_shortened(replace(key)): _finished(item, replace) for key, item in value.items()}
    return value


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 4
    return (
        f"{text[:half]}\n[{len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()}]\n{text[-half:]}"
    )
