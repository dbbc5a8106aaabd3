"""MCP over standard input and output, which hold nothing but the protocol."""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

__all__ = ["serve_stdio"]

MAX_LINE_BYTES = 16_000_000
MAX_WAITING = 64
CHUNK = 65_536
_STDIN, _STDOUT, _STDERR = 0, 1, 2


async def serve_stdio(server: Server[Any, Any]) -> None:
    """Serve one client on standard input and output until it closes its end.

    Meanwhile whatever else reads standard input finds it empty, and what else is written to standard output, also by
    programs that are started, goes to standard error.
    """
    with _own_streams() as (reading, writing):
        lines: Any = _Lines(reading)  # Any: the transport asks for anyio's files, of which it uses this much
        output: Any = _Output(writing)
        async with stdio_server(lines, output) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())


@contextmanager
def _own_streams() -> Iterator[tuple[int, int]]:
    """Give copies of the two descriptors, whose numbers stand for nothing and for standard error meanwhile."""
    reading, writing = (fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3) for number in (_STDIN, _STDOUT))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield reading, writing
    finally:
        os.dup2(writing, _STDOUT)
        os.dup2(reading, _STDIN)
        os.close(writing)  # the other one may still be read from, by a thread that waits for its client


class _Lines:
    """The lines that a client writes, read by a thread that nobody needs to wait for."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue(MAX_WAITING)

    async def __aiter__(self) -> AsyncIterator[str]:
        threading.Thread(target=self._read, name="genloom-mcp-input", daemon=True).start()
        while (line := await self._waiting.get()) is not None:
            yield line

    def _read(self) -> None:
        for line in _read_lines(self._descriptor):
            if not self._put(line):
                return
        self._put(None)

    def _put(self, line: str | None) -> bool:
        """Hand on a line; `False` where nobody takes any more."""
        try:
            asyncio.run_coroutine_threadsafe(self._waiting.put(line), self._loop).result()
        except (RuntimeError, asyncio.CancelledError):  # the loop is closed
            return False
        return True


def _read_lines(descriptor: int) -> Iterator[str]:
    """Yield lines; one that is too long comes as an empty one, which is no message."""
    kept, dropped = bytearray(), False
    while chunk := _read_chunk(descriptor):
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            line = b"" if dropped or len(kept) + len(piece) > MAX_LINE_BYTES else bytes(kept) + piece
            yield line.decode("utf-8", "replace")
            kept.clear()
            dropped = False
        if dropped or len(kept) + len(rest) > MAX_LINE_BYTES:
            kept.clear()
            dropped = True
        else:
            kept += rest


def _read_chunk(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, CHUNK)
    except OSError:  # a terminal that is gone
        return b""


class _Output:
    """What the transport writes to: whole messages, and waiting for a slow client outside of the loop."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def write(self, text: str) -> None:
        await asyncio.to_thread(self._write, text.encode("utf-8"))

    async def flush(self) -> None:
        """Nothing is kept back."""

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
