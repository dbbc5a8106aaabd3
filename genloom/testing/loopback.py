"""A server on 127.0.0.1 for tests: it records what it is asked and can be made to fail.

One event loop in a thread of its own carries all connections; nothing but the standard library is needed. The servers of
`genloom.testing` are built on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import ClassVar, Self, TypeVar

from genloom.testing.exchange import (
    MAX_HEAD_BYTES,
    Answer,
    RecordedRequest,
    read_request,
    write_answer,
    write_without_end,
)
from genloom.testing.fault import Fault
from genloom.testing.script import Script

__all__ = ["Answer", "FaultSource", "LoopbackServer", "RecordedRequest"]

REQUESTS_KEPT = 20_000
STOP_SECONDS = 10.0

FaultSource = Sequence[Fault | None] | Callable[[RecordedRequest], Fault | None]
"""Faults for the requests in order (`None`: no fault), or a rule that is asked for each request."""

NO_FAULT = Fault()

Q = TypeVar("Q")
R = TypeVar("R")


class LoopbackServer(ABC):
    """A context manager; between enter and exit it listens on 127.0.0.1, on a free port unless one is given."""

    answers_inline: ClassVar[bool] = False
    """Whether `answer` and rules are called in the server's loop, one at a time: for what never blocks. Otherwise each call
    has a thread of its own."""

    def __init__(self, *, faults: FaultSource = (), port: int = 0) -> None:
        self._faults: Script[RecordedRequest, Fault | None] = Script(faults)
        self._port = port
        self._requests: deque[RecordedRequest] = deque(maxlen=REQUESTS_KEPT)
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @abstractmethod
    def answer(self, request: RecordedRequest) -> Answer:
        """Return the right answer; called from many threads at once unless `answers_inline`."""

    def real_seconds(self, seconds: float) -> float:
        """Return how long a time of the server really is."""
        return seconds

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=1024)
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="loopback-server", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(STOP_SECONDS)
        self._listener = None

    @property
    def base_url(self) -> str:
        """The address to give to a client."""
        assert self._listener is not None, "the server is not running: use it in a `with` block"
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """What was asked so far, oldest first; of more than 20,000 the last."""
        return tuple(self._requests.copy())

    def set_faults(self, faults: FaultSource) -> None:
        """Have other faults from the next request on."""
        self._faults = Script(faults)

    def count(self, method: str, path_part: str = "") -> int:
        """Return how many requests of that method had `path_part` in their path."""
        return sum(request.method == method and path_part in request.path for request in self.requests)

    async def background(self) -> None:
        """Run beside the connections until the server stops; servers may have something to do here."""
        return

    def _run(self, started: threading.Event) -> None:
        asyncio.run(self._listen(started))

    async def _listen(self, started: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                await self._converse(reader, writer)
            except asyncio.CancelledError:
                pass  # the server stops; streams log a cancelled handler as if it had failed
            finally:
                connections.discard(task)

        server = await asyncio.start_server(connected, sock=self._listener, limit=MAX_HEAD_BYTES)
        beside = asyncio.create_task(self.background())
        started.set()
        await self._stop.wait()
        server.close()
        for task in (beside, *connections):
            task.cancel()
        await asyncio.gather(beside, *connections, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await read_request(reader, writer):
                self._requests.append(request)
                if not await self._respond(request, reader, writer):
                    break
        except OSError:
            pass  # the client went away
        except Exception:  # noqa: BLE001  # a mistake in the test's own rule: shown, and the client sees a cut
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    async def _respond(
        self, request: RecordedRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; return whether the connection stays open."""
        refused = self.gate(request)
        if refused is not None:
            self.answered(request, refused)
            await write_answer(writer, refused)
            return True
        fault = await self._call(self._faults.next, request) or NO_FAULT
        answer = await self._call(self.answer, request) if fault.after_work else None
        if fault.delay:
            await asyncio.sleep(self.real_seconds(fault.delay))
        if fault.hang:
            await reader.read()  # until the client gives up
        if fault.hang or fault.cut:
            return False
        if fault.replaces_answer:
            answer = _wrong_answer(fault)
        elif answer is None:
            answer = await self._call(self.answer, request)
        self.answered(request, answer)
        if fault.endless is not None:
            await write_without_end(writer, answer, self.real_seconds(fault.endless))
        await write_answer(writer, answer, half=fault.truncate)
        return not fault.truncate

    def gate(self, request: RecordedRequest) -> Answer | None:
        """Take note of a request that came; an answer stands in place of everything else, faults too."""
        return None

    def answered(self, request: RecordedRequest, answer: Answer) -> None:
        """Take note of an answer, right or wrong, that is about to be sent."""
        return

    async def _call(self, function: Callable[[Q], R], argument: Q) -> R:
        return function(argument) if self.answers_inline else await _in_thread(function, argument)


async def _in_thread(function: Callable[[Q], R], argument: Q) -> R:
    """Call in a thread that nothing waits for at exit: a rule of a test may block for ever."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[R] = loop.create_future()

    def settle(result: R | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # without an error it is the function's own

    def call() -> None:
        try:
            outcome: tuple[R | None, BaseException | None] = function(argument), None
        except BaseException as error:  # noqa: BLE001  # raised again by whoever awaits
            outcome = None, error
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server stopped meanwhile
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=call, name="loopback-rule", daemon=True).start()
    return await done


def _wrong_answer(fault: Fault) -> Answer:
    body = fault.body
    if body is None:
        body = json.dumps({"message": "injected", "status_code": fault.status})
    content = body if isinstance(body, bytes) else body.encode()
    return Answer(status=fault.status or 200, pieces=(content,), headers=dict(fault.headers))
