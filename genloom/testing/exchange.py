"""One exchange over HTTP/1.1, as the servers for tests see it: a request that was read, an answer to be written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["Answer", "RecordedRequest", "read_request", "write_answer", "write_without_end"]

MAX_HEAD_BYTES = 64 * 1024
MAX_REQUEST_BYTES = 64 * 1024 * 1024
LARGE_PIECE = b" " * 64 * 1024


@dataclass(frozen=True, kw_only=True)
class RecordedRequest:
    """What was asked. Header names are lower case, `authorization` is not among them: it stands by itself. `target` is what
    stood on the first line: path and query as they were sent."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    authorization: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    target: str = ""

    def json(self) -> Any:  # Any: whatever the client sent
        """Return the parsed body, `None` when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is answered. Several `pieces` are sent one by one (chunked), as a streaming server does."""

    status: int = 200
    pieces: tuple[bytes, ...] = (b"",)
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, data: object, status: int = 200) -> Answer:
        """Return an answer of one piece of JSON."""
        return cls(status=status, pieces=(json.dumps(data).encode(),))


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> RecordedRequest | None:
    """Return the next request on a connection; `None` when the client has gone or does not speak HTTP."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(min(int(headers.get("content-length") or 0), MAX_REQUEST_BYTES))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        return None
    parts = urlsplit(target)
    return RecordedRequest(
        method=method,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query)),
        authorization=headers.pop("authorization", ""),
        headers=headers,
        body=body,
        target=target,
    )


async def write_answer(writer: asyncio.StreamWriter, answer: Answer, *, half: bool = False) -> None:
    """Send an answer, or the first half of its body only."""
    if len(answer.pieces) == 1:
        content = answer.pieces[0]
        head = _head(answer, f"Content-Length: {len(content)}")
        writer.write(head + (content[: len(content) // 2] if half else content))
        await writer.drain()
        return
    writer.write(_head(answer, "Transfer-Encoding: chunked"))
    for piece in answer.pieces[: len(answer.pieces) // 2] if half else answer.pieces:
        await _write_chunk(writer, piece)
    if not half:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def write_without_end(writer: asyncio.StreamWriter, answer: Answer, interval: float) -> None:
    """Send an answer and go on for ever: a blank every `interval` seconds, with 0 as much as the client takes."""
    writer.write(_head(answer, "Transfer-Encoding: chunked"))
    for piece in answer.pieces:
        if piece:
            await _write_chunk(writer, piece)
    while True:
        await _write_chunk(writer, b" " if interval else LARGE_PIECE)
        await asyncio.sleep(interval)


async def _write_chunk(writer: asyncio.StreamWriter, piece: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    await writer.drain()


def _head(answer: Answer, framing: str) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    named = {"Content-Type": answer.content_type, **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in named.items()), framing]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
