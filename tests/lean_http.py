"""A client of JSON over HTTP/1.1 that costs next to nothing, so that a load generator does not measure itself."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

__all__ = ["LeanClient"]


@dataclass
class LeanClient:
    """One connection to a server on loopback, kept open and opened anew when it is gone. For one task at a time."""

    port: int
    token: str
    seconds: float = 30.0
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:  # Any: parsed JSON
        """Return status and body of an answer. Raises `OSError` when there is none in time; the request may have worked."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(self.seconds):
                status, answered = await self._exchange(head.encode() + content)
                return status, json.loads(answered) if answered else None
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:  # TimeoutError is an OSError
            self.close()
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers["content-length"])) if "content-length" in headers else b""
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(first.split()[1]), content
