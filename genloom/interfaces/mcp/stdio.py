"""MCP over standard input and output, which hold nothing but the protocol."""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

__all__ = ["serve_stdio"]

MAX_LINE_BYTES = 16_000_000
MAX_WAITING = 64
CHUNK = 65_536
GRACE_SECONDS = 5.0
_STDIN, _STDOUT, _STDERR = 0, 1, 2


async def serve_stdio(server: Server[Any, Any]) -> None:
    """Serve one client on standard input and output until it closes its end.

    Meanwhile whatever else reads standard input finds it empty, and what else is written to standard output, also by
    programs that are started, goes to standard error.
    """
    with _own_streams() as (reading, writing):
        output: Any = _Output(writing)  # Any: the transport asks for anyio's files, of which it uses this much
        lines: Any = _Lines(reading, output.end_soon)
        try:
            async with stdio_server(lines, output) as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())
        except* ConnectionError:
            pass  # the client reads no more


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

    def __init__(self, descriptor: int, at_end: Callable[[], None]) -> None:
        self._descriptor, self._at_end = descriptor, at_end
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue(MAX_WAITING)

    async def __aiter__(self) -> AsyncIterator[str]:
        threading.Thread(target=self._read, name="genloom-mcp-input", daemon=True).start()
        while (line := await self._waiting.get()) is not None:
            yield line
        self._at_end()

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
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()

    async def write(self, text: str) -> None:
        """Write a message. Raises `ConnectionError` when the client reads no more."""
        written: asyncio.Future[None] = self._loop.create_future()
        # a thread of its own, which nobody waits for at the end: a client may never read
        threading.Thread(
            target=self._write, args=(text.encode("utf-8"), written), name="genloom-mcp-output", daemon=True
        ).start()
        await asyncio.wait([written, self._gone], return_when=asyncio.FIRST_COMPLETED)
        if not written.done():
            raise ConnectionError("The client closed its end, and does not read.")
        written.result()

    def end_soon(self) -> None:
        """Give a client that asks no more a few seconds to read what it has asked for."""
        self._loop.call_later(GRACE_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)

    async def flush(self) -> None:
        """Nothing is kept back."""

    def _write(self, data: bytes, written: asyncio.Future[None]) -> None:
        view, failure = memoryview(data), None
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            failure = ConnectionError(str(error))
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(_settle, written, failure)


def _settle(written: asyncio.Future[None], failure: Exception | None) -> None:
    if written.done():
        return
    if failure is None:
        written.set_result(None)
    else:
        written.set_exception(failure)
