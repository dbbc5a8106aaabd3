"""Server-Sent Events as news: which event came, and nothing of what it holds. What happened is then asked for as always.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

__all__ = ["EVENT_STREAM", "event_names"]

EVENT_STREAM = "text/event-stream"
LONGEST_NAME = 64
_FIELD = b"event:"


async def event_names(response: httpx.Response) -> AsyncIterator[str]:
    """Yield the name of each event of a streamed response as it comes; a bounded piece of each line is kept."""
    line = b""
    async for piece in response.aiter_raw():
        *ended, rest = piece.split(b"\n")
        for part in ended:
            whole, line = line + part[:LONGEST_NAME], b""
            if whole.startswith(_FIELD):
                yield whole[len(_FIELD) : LONGEST_NAME].strip().decode("ascii", "replace")
        line = (line + rest)[:LONGEST_NAME]
