"""Clients that hold connections: slow, silent, greedy, deaf. The server lets go of them and serves the others."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import httpx
import pytest
from running_server import RunningServer

SOON = 20.0
RUN = "/v1/organizations/1/agent/run"


def connected(server: RunningServer) -> closing[socket.socket]:
    return closing(socket.create_connection(("127.0.0.1", server.port), timeout=SOON))


def until_closed(client: socket.socket) -> bytes:
    """Return all that the server sends until it closes the connection; fails when it does not."""
    whole = b""
    try:
        while piece := client.recv(65536):
            whole += piece
    except ConnectionResetError:
        pass
    return whole


def head(server: RunningServer, *more: str, length: int | None = None) -> bytes:
    lines = [f"POST {RUN} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {server.key()}", *more]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def trickle(client: socket.socket, byte: bytes) -> int:
    """Send a byte at a time, ten seconds at most, until the server cuts the connection; return how many."""
    for sent in range(1000):
        try:
            client.sendall(byte)
        except OSError:
            return sent
        time.sleep(0.01)
    return 1000


def alive(client: socket.socket) -> bool:
    """Whether a request on the connection is answered."""
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while b'"ok"}' not in answer:
        if not (piece := client.recv(65536)):
            return False
        answer += piece
    return answer.startswith(b"HTTP/1.1 200")


@pytest.fixture
def impatient(serve: Callable[..., RunningServer]) -> RunningServer:
    """A server with short times and small sizes."""
    return serve(head_seconds=0.3, body_seconds=0.3, stall_seconds=0.3, body_bytes=100_000)


def test_half_open_connections_are_closed(impatient: RunningServer) -> None:
    """One that says nothing, one that stops within the head, and one that sends it byte by byte."""
    with connected(impatient) as silent, connected(impatient) as stopped, connected(impatient) as trickling:
        stopped.sendall(b"GET /healthz HTTP/1.1\r\nHost: lo")
        assert until_closed(silent) == b""
        assert until_closed(stopped) == b""
        assert trickle(trickling, b"G") < 1000
    assert httpx.get(f"{impatient.base_url}/healthz").status_code == 200


def test_a_kept_connection_that_begins_a_request_has_to_end_it(impatient: RunningServer) -> None:
    """The time of a head counts anew from the first byte of each request."""
    with connected(impatient) as client:
        assert alive(client)
        time.sleep(0.5)  # idle: kept
        assert alive(client)
        client.sendall(b"GET /healthz HT")
        assert until_closed(client) == b""


def test_bodies_that_trickle_are_given_up(impatient: RunningServer) -> None:
    """408 after the time for the whole body, whatever little comes meanwhile."""
    with connected(impatient) as client:
        client.sendall(head(impatient, length=1000))
        client.settimeout(0.02)
        answer, began = b"", time.monotonic()
        while not answer and time.monotonic() - began < SOON:
            client.sendall(b"a")
            try:
                answer = client.recv(65536)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 10_000):
        yield b"a" * 10_000


def test_bodies_without_a_length_have_the_same_bound(impatient: RunningServer) -> None:
    """Chunked: 413 as soon as it is too much, and the run that fits is made."""
    with impatient.client() as client:
        assert client.post(RUN, content=chunks(100_000)).status_code == 422  # read whole: no JSON
        answer = client.post(RUN, content=chunks(200_000))
        assert (answer.status_code, answer.json()["status_code"]) == (413, 413)
        pieces = iter([b'{"prompt": ', b'"in pieces"}'])
        assert client.post(RUN, content=pieces).status_code == 200


def test_a_body_of_a_hundred_megabytes_is_refused_unread(served: RunningServer) -> None:
    """By its declared length, before it is sent; and a client that sends it all the same still gets the answer."""
    with connected(served) as client:
        client.sendall(head(served, "Expect: 100-continue", length=100_000_000))
        assert client.recv(65536).startswith(b"HTTP/1.1 413")
    with served.client() as client:
        answer = client.post(RUN, json={"prompt": "a" * 100_000_000})
        assert (answer.status_code, answer.json()["status_code"]) == (413, 413)
        assert client.get("/healthz").status_code == 200


def test_answers_that_nobody_reads_are_given_up(impatient: RunningServer) -> None:
    """The connection is cut, not kept with all that waits to be sent."""
    with impatient.client(impatient.key("runner")) as client:
        for _ in range(20):
            assert client.post(RUN, json={"prompt": "p", "metadata": {"a": "b" * 80_000}}).status_code == 200
        get = f"GET {RUN}s HTTP/1.1\r\nHost: localhost\r\nAuthorization: {client.headers['authorization']}\r\n\r\n"
    with connected(impatient) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(get.encode() * 10)  # sixteen megabytes: more than the system keeps for it
        wait_for(lambda: len(impatient.server.server_state.connections) == 0)
    assert httpx.get(f"{impatient.base_url}/healthz").status_code == 200


def wait_for(condition: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < SOON
        time.sleep(0.02)


def test_connections_are_counted(serve: Callable[..., RunningServer]) -> None:
    """Beyond the limit a new one is told so at once; when others leave there is room again."""
    server = serve(connections=2)
    with connected(server), connected(server):
        wait_for(lambda: len(server.server.server_state.connections) == 2)
        with connected(server) as third:
            answer = until_closed(third)
            assert answer.startswith(b"HTTP/1.1 503")
            assert json.loads(answer.split(b"\r\n\r\n")[1])["status_code"] == 503
    wait_for(lambda: len(server.server.server_state.connections) == 0)
    assert httpx.get(f"{server.base_url}/healthz").status_code == 200


NO_REQUESTS = (
    b"\0\0\0\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
)


def test_what_is_no_request_is_refused(impatient: RunningServer) -> None:
    """Noise, TLS on a plain port, and a request that names no host."""
    for text in NO_REQUESTS:
        with connected(impatient) as client:
            client.sendall(text)
            assert until_closed(client)[:12] in (b"HTTP/1.1 400", b"")


ENDLESS = {
    "head": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ",
    "trailer": b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Long: ",
    "chunk extension": b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;",
}


@pytest.mark.parametrize("where", ENDLESS)
def test_what_has_no_end_is_not_kept(served: RunningServer, where: str) -> None:
    """Heads, trailers and chunks' extensions are cut long before they fill the memory."""
    with connected(served) as client:
        client.sendall(ENDLESS[where])
        sent = 0
        with suppress(OSError):
            while sent < 50_000_000:
                client.sendall(b"a" * 100_000)
                sent += 100_000
        assert sent < 20_000_000  # what sockets keep on both sides, and a little more
