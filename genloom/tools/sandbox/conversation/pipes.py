"""Pipes in an event loop, with as little around them as a run of a few milliseconds can bear."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import BinaryIO

__all__ = ["PipeCollector", "PipeReader", "PipeWriter"]

_CHUNK = 65536


class _ReadEnd:
    """Takes what comes out of a pipe as it comes. Make it in a running loop; `close` it before the descriptor is closed."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._waiter: asyncio.Future[None] | None = None
        self._listening = False
        self.ended = False
        """Nothing more comes."""
        self._listen()

    def close(self) -> None:
        """Take nothing more in; the descriptor stays open."""
        self._deafen()
        self.ended = True
        self._wake()

    def take_rest(self) -> None:
        """Take in what is there now, without waiting."""
        while not self.ended and self._ready():
            pass

    async def _change(self) -> None:
        """Wait until something came, or the pipe ended. One task at a time."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _ready(self) -> bool:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        if data:
            self._take(data)
        else:
            self.close()
        self._wake()
        return True

    def _take(self, data: bytes) -> None:
        raise NotImplementedError

    def _listen(self) -> None:
        if not self._listening and not self.ended:
            self._loop.add_reader(self._descriptor, self._ready)
            self._listening = True

    def _deafen(self) -> None:
        if self._listening:
            self._loop.remove_reader(self._descriptor)
            self._listening = False

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class PipeReader(_ReadEnd):
    """Reads lines of at most `most` bytes; holds about twice as much, then lets the writer wait."""

    def __init__(self, descriptor: int, most: int) -> None:
        self._most = most
        self._held = bytearray()
        super().__init__(descriptor)

    async def line(self) -> bytes:
        """Return the next line with its end.

        Raises `asyncio.IncompleteReadError` where the pipe ends before, `asyncio.LimitOverrunError` for a longer line.
        """
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            if searched > self._most:
                raise asyncio.LimitOverrunError("the line is longer than the limit", searched)
            if self.ended:
                raise asyncio.IncompleteReadError(bytes(self._held), None)
            await self._change()
        if end > self._most:
            raise asyncio.LimitOverrunError("the line is longer than the limit", end)
        line = bytes(self._held[: end + 1])
        del self._held[: end + 1]
        self._listen()
        return line

    async def last_words(self) -> bytes:
        """Return the next line, or what there is of it when the pipe ends."""
        try:
            return await self.line()
        except asyncio.IncompleteReadError as error:
            self._held.clear()
            return error.partial

    async def has_more(self) -> bool:
        """Return whether anything comes before the end."""
        while not self._held and not self.ended:
            await self._change()
        return bool(self._held)

    def _take(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > 2 * self._most:
            self._deafen()


class PipeCollector(_ReadEnd):
    """Hands each piece that comes to `take`, which bounds what is kept."""

    def __init__(self, descriptor: int, take: Callable[[bytes], None]) -> None:
        self._give = take
        super().__init__(descriptor)

    async def wait(self) -> None:
        """Return when the pipe has ended."""
        while not self.ended:
            await self._change()

    def _take(self, data: bytes) -> None:
        self._give(data)


class PipeWriter:
    """Writes to a pipe. Make it in a running loop."""

    def __init__(self, pipe: BinaryIO) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._loop = asyncio.get_running_loop()
        self._pipe = pipe

    def close(self) -> None:
        """Let the reader see the end; what is being sent is not sent to its end."""
        if not self._pipe.closed:
            self._loop.remove_writer(self._pipe.fileno())
            self._pipe.close()

    async def send(self, data: bytes) -> None:
        """Write all of it, as fast as it is read. Raises `ConnectionError` when nobody reads any more."""
        left = memoryview(data)
        while left:
            if self._pipe.closed:
                raise BrokenPipeError
            try:
                left = left[os.write(self._pipe.fileno(), left) :]
            except BlockingIOError:
                await self._room()

    async def _room(self) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_writer(self._pipe.fileno(), lambda: None if waiter.done() else waiter.set_result(None))
        try:
            await waiter
        finally:
            if not self._pipe.closed:
                self._loop.remove_writer(self._pipe.fileno())
