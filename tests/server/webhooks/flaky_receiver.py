"""A receiver of webhooks on loopback that does with each request what it is told: answer, hang, close, never end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FlakyReceiver:
    """Plays its script, one word a request, the last one for ever: a status, `hang`, `close`, `garbage`, `endless`."""

    script: Sequence[str] = ("204",)
    location: str = ""
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    hanging: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def let_go(self) -> None:
        """Close the connections that hang, and those that will."""
        self.script = ["close"]
        for writer in self.hanging:
            writer.close()

    async def wait_for(self, count: int) -> None:
        """Wait until that many requests have come."""
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: len(self.received) >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:]) if k}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            word = self.script[min(len(self.received), len(self.script) - 1)]
            async with self.changed:
                self.received.append(Received(head[0].split()[1], headers, body))
                self.changed.notify_all()
            await self._answer(word, writer, reader)
        writer.close()

    async def _answer(self, word: str, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        if word == "hang":
            self.hanging.add(writer)
            await reader.read()
        elif word == "garbage":
            writer.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        elif word == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
            for _ in range(100_000):
                writer.write(b"x" * 65536)
                await writer.drain()
        elif word == "heads":
            writer.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(1_000_000):
                writer.write(b"X-More: " + b"y" * 4000 + b"\r\n")
                await writer.drain()
        elif word != "close":
            more = f"Location: {self.location}\r\n" if self.location else ""
            retry = "Retry-After: 0\r\n" if word in ("429", "503") else ""
            writer.write(f"HTTP/1.1 {word} X\r\n{more}{retry}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
