"""Connections that cannot be held for nothing: bounded in number, in the time of a request's head, and in unread answers."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from genloom.tools.codegen.wire import ErrorBody

__all__ = ["GuardedConnection", "guarded_connection"]

OTHER_BYTES = 2**18 + 2**16
"""Of one request all that is not its body: 64 KB, and what one reading of the socket may bring of the request before."""
FRAMING = 8
MOST_FRAMING_BYTES = 2**23

_FULL = ErrorBody(message="The server has as many connections as it takes. Try again later.", status_code=503)


class GuardedConnection(HttpToolsProtocol):
    """uvicorn's connection, cut where a client holds it without need. Heads, trailers and the framing of chunks are bounded,
    which the parser does not do.

    From its opening, and from the first byte of each further request, the head of a request has `head_seconds` to come
    whole; what is left of a refused body is read and thrown away for as long. An answer that the client does not read for
    `stall_seconds` is given up. Beyond `at_once` connections a new one is answered 503.
    """

    head_seconds: ClassVar[float] = 10.0
    stall_seconds: ClassVar[float] = 30.0
    at_once: ClassVar[int] = 1000

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _body_bytes = 0
    _other_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        if len(self.connections) > self.at_once:
            transport.write(_full_answer())
            transport.close()
            return
        self._await_head()

    def on_message_begin(self) -> None:
        self._body_bytes = self._other_bytes = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        before = self._body_bytes
        super().data_received(data)
        self._other_bytes += len(data) - max(0, self._body_bytes - before)
        if self._other_bytes > OTHER_BYTES + min(FRAMING * self._body_bytes, MOST_FRAMING_BYTES):
            self.transport.abort()
            return
        if self._answering():
            self._drop_head_timer()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._drop_head_timer()
        self._drop_stall_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_later(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._drop_stall_timer()
        super().resume_writing()

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _drop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _drop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self._answering():
            self.transport.abort()


def guarded_connection(*, head_seconds: float, stall_seconds: float, at_once: int) -> type[GuardedConnection]:
    """Return the class of connections with these bounds, as uvicorn wants it."""
    bounds = {"head_seconds": head_seconds, "stall_seconds": stall_seconds, "at_once": at_once}
    return type("GuardedConnection", (GuardedConnection,), bounds)


def _full_answer() -> bytes:
    body = _FULL.model_dump_json().encode()
    head = (
        "HTTP/1.1 503 Service Unavailable",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "retry-after: 5",
        "connection: close",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
