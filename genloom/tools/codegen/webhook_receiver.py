"""A small receiver of webhooks, beside polling: a notice that a run has changed wakes whoever polls.

A notice is never believed: it only says which run to ask for sooner. Without it, or with it lost, everything comes out
the same, some seconds later. Signed notices alone are taken (`genloom.tools.codegen.signature`).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from genloom.errors import StorageError, UsageError
from genloom.tools.codegen.signature import SIGNATURE_HEADER, SIGNATURE_SECONDS, SignatureCheck

__all__ = ["WEBHOOK_PATH", "WebhookReceiver"]

WEBHOOK_PATH = "/webhooks/agent-run"
MAX_BODY_BYTES = 1_000_000
MAX_CONNECTIONS = 16
CONNECTION_SECONDS = 10.0

Nudge = Callable[[int], None]
"""Takes the number of a run that is said to have changed; returns at once, and is called from another thread."""


class WebhookReceiver:
    """A context manager that listens for `POST /webhooks/agent-run` while it is open, by default on this machine alone.

    Each signed notice leads to one call of `nudge` with its run's number. Bounded: bodies of 1 MB, 16 connections at once,
    ten seconds each; a signature counts for five minutes and once. `port` 0 takes a free one: see `url`. What `nudge`
    raises is swallowed, since polling goes on without it. Raises `UsageError` for a secret shorter than 16 characters,
    `StorageError` when the address cannot be listened on.
    """

    def __init__(
        self, secret: str, nudge: Nudge, *, host: str = "127.0.0.1", port: int = 0, seconds: float = SIGNATURE_SECONDS
    ) -> None:
        try:
            self._check = SignatureCheck(secret, seconds=seconds)
        except ValueError as error:
            raise UsageError(f"The webhook cannot be received: {error}.", hint="Make a long random one.") from error
        self._nudge = nudge
        self._address = (host, port)
        self._server: _Server | None = None

    def __repr__(self) -> str:
        return f"WebhookReceiver({self._address[0]}:{self._address[1]})"

    def __enter__(self) -> Self:
        try:
            self._server = _Server(self._address, self._take)
        except (OSError, OverflowError) as error:
            host, port = self._address
            raise StorageError(
                f"Webhooks cannot be received on {host}:{port}: {error}.", hint="Choose another port."
            ) from error
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="genloom-webhooks", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    @property
    def url(self) -> str:
        """Where to send notices. Raises `UsageError` when the receiver is not open."""
        if self._server is None:
            raise UsageError("The webhook receiver is not open.", hint="Use it in a `with` block.")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}{WEBHOOK_PATH}"

    def _take(self, header: str | None, body: bytes) -> int:
        """Return the status to answer a notice with."""
        if not self._check.accepts(header, body):
            return 401
        number = run_number(body)
        if number is None:  # a test of the address, or news of something else
            return 204
        with suppress(Exception):
            self._nudge(number)
        return 204


def run_number(body: bytes) -> int | None:
    """Return the number of the run that a notice is about: the first of `agent_run_id`, `run_id` and `id`, at the top or
    under `data` or `agent_run`; `None` when it names none. The documents do not tell the form."""
    try:
        told: Any = json.loads(body)  # Any: whatever was sent
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    for place in (told.get("data"), told.get("agent_run"), told):
        for name in ("agent_run_id", "run_id", "id"):
            number = place.get(name) if isinstance(place, dict) else None
            if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**63:
                return number
    return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, address: tuple[str, int], take: Callable[[str | None, bytes], int]) -> None:
        self.take = take
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # Any: socketserver's own types
        """Serve a connection in a thread of its own; one too many is closed."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # Any: as above
        """Serve it, for ten seconds at most, however slowly it sends."""
        ending = threading.Timer(CONNECTION_SECONDS, _cut, [request])
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # Any: as above
        """Say nothing of clients that went away."""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One notice a connection."""

    server: _Server
    server_version = "genloom"
    sys_version = ""
    timeout = CONNECTION_SECONDS

    def do_POST(self) -> None:
        self._answer(self._status())

    def _status(self) -> int:
        if self.path.partition("?")[0] != WEBHOOK_PATH:
            return 404
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            return 411
        if len(length) > 9 or int(length) > MAX_BODY_BYTES:
            return 413
        body = self.rfile.read(int(length))
        return self.server.take(self.headers.get(SIGNATURE_HEADER), body) if len(body) == int(length) else 400

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *args: Any, **named: Any) -> None:  # Any: http.server's own signature
        """Write nothing to standard error."""
