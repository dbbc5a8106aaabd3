"""Messages without secrets, remembered: a history is sent again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, NamedTuple, TypeVar

from langchain_core.messages import AIMessage, BaseMessage

from genloom.tools.security import Redactor

__all__ = ["RedactedMessages", "redacted_message"]

MOST_KEPT = 500
MOST_CHARACTERS = 100_000
"""Longer messages, such as those with images in them, are not remembered."""

MessageT = TypeVar("MessageT", bound=BaseMessage)


class _Known(NamedTuple):
    content: str
    secrets: tuple[str, ...]
    redacted: BaseMessage


class RedactedMessages:
    """The messages that were redacted last, by their ids; for the content and the secrets that they were redacted with."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, message: BaseMessage, redactor: Redactor) -> BaseMessage:
        """Return the message without secrets."""
        content = message.content
        if not message.id or not isinstance(content, str) or len(content) > MOST_CHARACTERS:
            return redacted_message(message, redactor)
        with self._lock:
            known = self._known.get(message.id)
        if known is not None and known.content == content and known.secrets == redactor.secrets:
            return known.redacted
        redacted = redacted_message(message, redactor)
        with self._lock:
            self._known[message.id] = _Known(content, redactor.secrets, redacted)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return redacted


def redacted_message(message: MessageT, redactor: Redactor) -> MessageT:
    """Return the message with every text in it redacted, the arguments of tools' calls too; what is no text, such as an
    image, stays as it is."""
    content = message.content
    changed: Any = (
        redactor.text(content) if isinstance(content, str) else [redacted_block(block, redactor) for block in content]
    )
    update: dict[str, Any] = {} if changed == content else {"content": changed}
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = [{**call, "args": redactor.data(call["args"])} for call in message.tool_calls]
        if calls != message.tool_calls:
            # a provider's own form of the calls would hold them once more
            extra = {key: value for key, value in message.additional_kwargs.items() if key != "tool_calls"}
            update |= {"tool_calls": calls, "additional_kwargs": extra}
    return message.model_copy(update=update) if update else message


def redacted_block(block: str | dict[str, Any], redactor: Redactor) -> str | dict[str, Any]:
    """Return a part of a message's content without secrets; an image, a sound or a file stays as it is."""
    if isinstance(block, str):
        return redactor.text(block)
    if block.get("type") in ("image", "image_url", "audio", "input_audio", "video", "file"):
        return block
    redacted: dict[str, Any] = redactor.data(block)
    return redacted
