"""An MCP server's answer, as a model may see it: bounded text as delimited data, and small images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mcp import types

from genloom.tools.mcp.server_spec import McpServer
from genloom.tools.security import clean, present, redact

__all__ = ["bounded_answer", "failed_answer"]

MAX_IMAGE_CHARACTERS = 7_000_000
MAX_IMAGES = 5
MAX_LINE = 2_000
BEYOND_THE_CUT = 8_000
"""So much more is looked through: a secret that stands across the cut is found whole."""


def bounded_answer(
    answer: types.CallToolResult, server: McpServer, tool: str, secrets: Sequence[str]
) -> types.CallToolResult:
    """Return the answer with its texts as one, cut to the server's limit, without secrets and delimited; images stay, a
    few and small ones, everything else is named."""
    texts, images = list[str](), list[types.ContentBlock]()
    for block in answer.content:
        if isinstance(block, types.TextContent):
            texts.append(block.text)
        elif isinstance(block, types.ImageContent) and len(images) < MAX_IMAGES and _is_small(block):
            images.append(block)
        else:
            texts.append(_named(block, secrets))
    if not texts and answer.structuredContent is not None:
        texts.append(json.dumps(answer.structuredContent, ensure_ascii=False))
    told = _told("\n".join(texts), server, tool, secrets)
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=told)] if texts or not images else []
    return types.CallToolResult(content=[*content, *images], isError=answer.isError)


def failed_answer(server: McpServer, why: str, secrets: Sequence[str]) -> types.CallToolResult:
    """Return an answer that says that the server did not give one."""
    cleaned = clean(why[: MAX_LINE + BEYOND_THE_CUT], secrets=secrets).text[:MAX_LINE]
    told = f"The MCP server {server.name} did not answer: {cleaned}"
    return types.CallToolResult(content=[types.TextContent(type="text", text=told)], isError=True)


def _told(text: str, server: McpServer, tool: str, secrets: Sequence[str]) -> str:
    most = server.characters
    shown = redact(text[: most + BEYOND_THE_CUT], secrets=secrets)[:most]
    more = len(text) - most
    note = f"\n[{more:,} more characters were left out: ask for less at once]" if more > 0 else ""
    return present(f"answer of {tool} at {server.name}", shown, secrets=secrets) + note


def _is_small(block: types.ImageContent) -> bool:
    return len(block.data) <= MAX_IMAGE_CHARACTERS and block.mimeType.startswith("image/")


def _named(block: Any, secrets: Sequence[str]) -> str:
    """Name what is no text: a link is not followed, and what is embedded is text or left out."""
    if isinstance(block, types.ResourceLink):
        return f"link: {redact(str(block.uri)[: MAX_LINE + BEYOND_THE_CUT], secrets=secrets)[:MAX_LINE]}"
    if isinstance(block, types.EmbeddedResource) and isinstance(block.resource, types.TextResourceContents):
        return block.resource.text
    return f"[{getattr(block, 'type', 'content')} left out]"
