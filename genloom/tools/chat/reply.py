"""A model's reply, parsed strictly: one module, fenced or not. Two blocks are never joined."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["MAX_REPLY_CHARACTERS", "message_text", "module_in_reply"]

MAX_REPLY_CHARACTERS = 400_000

_FENCE = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})[ \t]*([\w+\-.]*)[^\n]*\n(.*?)^[ ]{0,3}\1[ \t]*$", re.MULTILINE | re.DOTALL)


def module_in_reply(text: str) -> tuple[str, str]:
    """Return `(source, complaint)`.

    The source is the reply's one fenced block, or the whole reply where there is no fence. When the reply holds several
    blocks, an unclosed one, or is over-long, the complaint says so and the source is the reply as it stands, which will
    not pass as a module. An empty complaint means that the form is right; whether it is Python the checks will say.
    """
    if len(text) > MAX_REPLY_CHARACTERS:
        return text[:MAX_REPLY_CHARACTERS], f"The reply is longer than {MAX_REPLY_CHARACTERS} characters."
    text = text.replace("\r\n", "\n")
    blocks = _FENCE.findall(text)
    if len(blocks) == 1:
        return _ended(blocks[0][2]), ""
    if len(blocks) > 1:
        return text, f"The reply holds {len(blocks)} code blocks; exactly one module was asked for."
    if re.search(r"^[ ]{0,3}(```|~~~)", text, re.MULTILINE):
        return text, "The reply's code block is not closed; it was probably cut off."
    if not text.strip():
        return "", "The reply is empty."
    return _ended(text), ""


def _ended(source: str) -> str:
    return source.strip("\n") + "\n"


def message_text(content: Any) -> str:  # Any: LangChain's content, a string or a list of blocks
    """Return the text of a message's content, whose parts may be blocks of several kinds."""
    text = ""
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        text = "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in content)
    return text.encode("utf-8", "replace").decode()  # half characters cannot be stored
