"""A server on 127.0.0.1 in threads of its own, for tests: it records what it is asked and can be made to fail.

Nothing but the standard library is needed. The servers of `genloom.testing` are built on it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from genloom.testing.fault import Fault
from genloom.testing.script import Script

__all__ = ["Answer", "FaultSource", "LoopbackServer", "RecordedRequest"]

MAX_REQUEST_BYTES = 64 * 1024 * 1024
REQUESTS_KEPT = 20_000


@dataclass(frozen=True, kw_only=True)
class RecordedRequest:
    """What was asked. Header names are lower case, `authorization` is not among them: it stands by itself."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    authorization: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)

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
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, data: object, status: int = 200) -> Answer:
        """Return an answer of one piece of JSON."""
        return cls(status=status, pieces=(json.dumps(data).encode(),))


FaultSource = Sequence[Fault | None] | Callable[[RecordedRequest], Fault | None]
"""Faults for the requests in order (`None`: no fault), or a rule that is asked for each request."""


class LoopbackServer(ABC):
    """A context manager; between enter and exit it listens on 127.0.0.1, on a free port unless one is given."""

    def __init__(self, *, faults: FaultSource = (), port: int = 0) -> None:
        self._faults: Script[RecordedRequest, Fault | None] = Script(faults)
        self._port = port
        self._requests: deque[RecordedRequest] = deque(maxlen=REQUESTS_KEPT)
        self._stopped = threading.Event()
        self._server: _Server | None = None

    @abstractmethod
    def answer(self, request: RecordedRequest) -> Answer:
        """Return the right answer; called from many threads at once."""

    def __enter__(self) -> Self:
        self._stopped.clear()
        self._server = _Server(self, self._port)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        server, self._server = self._server, None
        self._stopped.set()
        if server is not None:
            server.shutdown()
            server.server_close()
            server.close_connections()

    @property
    def base_url(self) -> str:
        """The address to give to a client."""
        assert self._server is not None, "the server is not running: use it in a `with` block"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """What was asked so far, oldest first; of more than 20,000 the last."""
        return tuple(self._requests)

    def count(self, method: str, path_part: str = "") -> int:
        """Return how many requests of that method had `path_part` in their path."""
        return sum(request.method == method and path_part in request.path for request in self.requests)

    def respond(self, request: RecordedRequest) -> tuple[Answer | None, bool]:
        """Return the answer after faults, `None` to cut the connection, and whether to cut it half-way."""
        self._requests.append(request)
        fault = self._faults.next(request)
        if fault is None:
            return self.answer(request), False
        right = self.answer(request) if fault.after_work else None
        if self._stopped.wait(fault.delay) or fault.cut:
            return None, False
        if fault.replaces_answer:
            body = (
                fault.body
                if fault.body is not None
                else json.dumps({"message": "injected", "status_code": fault.status})
            )
            wrong = Answer(status=fault.status or 200, pieces=(body.encode(),), headers=dict(fault.headers))
            return wrong, fault.truncate
        return right or self.answer(request), fault.truncate


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, owner: LoopbackServer, port: int) -> None:
        self.owner = owner
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def close_connections(self) -> None:
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # Any: socketserver's own types
        """Say nothing of clients that went away; anything else is a mistake of the test's rule and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, *args: Any, **named: Any) -> None:  # Any: http.server's own signature
        """Write nothing to stderr."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        answer, half = self.server.owner.respond(self._read())
        if answer is None:
            self._cut()
        elif len(answer.pieces) > 1:
            self._stream(answer, half)
        else:
            self._send(answer, half)

    def _read(self) -> RecordedRequest:
        length = min(int(self.headers.get("Content-Length") or 0), MAX_REQUEST_BYTES)
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return RecordedRequest(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            authorization=headers.pop("authorization", ""),
            headers=headers,
            body=self.rfile.read(length),
        )

    def _head(self, answer: Answer, framing: tuple[str, str]) -> None:
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header(*framing)
        self.end_headers()

    def _send(self, answer: Answer, half: bool) -> None:
        content = answer.pieces[0]
        self._head(answer, ("Content-Length", str(len(content))))
        self.wfile.write(content[: len(content) // 2] if half else content)
        if half:
            self._cut()

    def _stream(self, answer: Answer, half: bool) -> None:
        self._head(answer, ("Transfer-Encoding", "chunked"))
        pieces = answer.pieces[: len(answer.pieces) // 2] if half else answer.pieces
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if half:
            self._cut()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
