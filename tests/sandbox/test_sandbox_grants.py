"""Grants: loopback and shared memory of a run's own, and nothing of anybody else's."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from genloom.tools.sandbox import Grants, Raised, Returned, Sandbox

LOOPBACK = Grants(loopback=True)
SHARED_MEMORY = Grants(shared_memory=True)
BOTH = Grants(loopback=True, shared_memory=True)

SERVER = """
import asyncio, http.server, socket, threading, urllib.request

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *arguments): pass

def fetch(host):
    server = http.server.ThreadingHTTPServer((host, 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        return urllib.request.urlopen(f"http://{host}:{server.server_port}/").read()
    finally:
        server.shutdown()

def echo():
    async def main():
        async def answer(reader, writer):
            writer.write(await reader.readline())
            writer.close()
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"line\\n")
        return await reader.readline()
    return asyncio.run(main())

def connect(port, family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family) as end:
        end.settimeout(2)
        end.connect((host, port))
    return "reached"

def send(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.sendto(b"x", ("127.0.0.1", port))

def make(*arguments):
    socket.socket(*arguments).close()
    return "made"
"""

POOL = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

def square(x): return x * x

def pool():
    with multiprocessing.Pool(2) as workers: return workers.map(square, range(5))

def executor():
    with ProcessPoolExecutor(2) as workers: return list(workers.map(square, range(3)))

def counter():
    value = multiprocessing.Value("i", 0)
    def add():
        with value.get_lock(): value.value += 1
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=add) for _ in range(3)]
    for child in children: child.start()
    for child in children: child.join()
    return value.value

def managed():
    with multiprocessing.Manager() as manager:
        found = manager.dict()
        found["a"] = 1
        return dict(found)
"""


@pytest.fixture
def granted(sandbox: Sandbox) -> Sandbox:
    """A sandbox that can make grants here."""
    if not sandbox.status().namespaces and sandbox.status().tier != "bubblewrap":
        pytest.skip("without private namespaces nothing can be granted")
    return sandbox


def test_server_and_client_of_one_run_reach_one_another(granted: Sandbox) -> None:
    """With loopback granted, a server and its client work, by address and by name, and the report says so."""
    calls = ["fetch('127.0.0.1')", "fetch('localhost')", "echo()"]
    report = granted.granting(LOOPBACK).call({"draft.py": SERVER}, "draft", calls)
    assert report.results == (Returned(value=b"hello"), Returned(value=b"hello"), Returned(value=b"line\n")), report
    assert report.grants == ("loopback",)


def test_listeners_outside_are_not_reachable(granted: Sandbox) -> None:
    """Neither streams nor datagrams reach the machine's own loopback, by either protocol, nor anything beyond."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        for end in (tcp, udp):
            end.setblocking(False)
        port = tcp.getsockname()[1]
        calls = [
            f"connect({port})",
            f"connect({port}, socket.AF_INET6, '::1')",
            f"connect({port}, socket.AF_INET6, '::ffff:127.0.0.1')",
            "connect(80, host='192.0.2.1')",
        ]
        report = granted.granting(LOOPBACK).call(
            {"draft.py": SERVER}, "draft", [*calls, f"send({udp.getsockname()[1]})"]
        )
        assert [type(result) for result in report.results[:4]] == [Raised] * 4, report
        with pytest.raises(BlockingIOError):
            tcp.accept()
        with pytest.raises(BlockingIOError):
            udp.recv(1)


@pytest.mark.parametrize(
    "arguments",
    [
        "socket.AF_INET, socket.SOCK_RAW, 1",
        "socket.AF_INET, socket.SOCK_STREAM, 132",  # SCTP
        "socket.AF_INET, socket.SOCK_SEQPACKET",
        "socket.AF_NETLINK, socket.SOCK_RAW",
        "socket.AF_PACKET, socket.SOCK_RAW",
        "40, socket.SOCK_STREAM",  # AF_VSOCK reaches the machine around a virtual one
        "38, 5",  # AF_ALG
    ],
)
def test_only_plain_sockets_are_granted(granted: Sandbox, arguments: str) -> None:
    """Raw sockets, other families and protocols that the kernel would load a module for stay refused."""
    (result,) = granted.granting(LOOPBACK).call({"draft.py": SERVER}, "draft", [f"make({arguments})"]).results
    assert isinstance(result, Raised), result


def test_without_the_grant_no_socket_can_be_made(sandbox: Sandbox) -> None:
    """Nothing is granted that was not asked for."""
    report = sandbox.call({"draft.py": SERVER}, "draft", ["make()", "fetch('127.0.0.1')"])
    assert [type(result) for result in report.results] == [Raised, Raised]
    assert report.grants == ()


def test_unix_socket_outside_is_not_reachable(granted: Sandbox, open_folder: Path) -> None:
    """A listener's socket in the file system is out of reach, also where its folder can be read."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(open_folder / "sock"))
        (open_folder / "sock").chmod(0o777)
        server.listen()
        server.setblocking(False)
        source = f"import socket\ndef f():\n    socket.socket(socket.AF_UNIX).connect({str(open_folder / 'sock')!r})\n"
        near = Sandbox(tier=granted.status().tier, readable=[open_folder])
        for sandbox in (granted, near):
            (result,) = sandbox.granting(LOOPBACK).call({"draft.py": source}, "draft", ["f()"]).results
            assert isinstance(result, Raised), result
        with pytest.raises(BlockingIOError):
            server.accept()


def test_processes_share_memory_and_semaphores(granted: Sandbox) -> None:
    """Pools, executors and shared values work with shared memory granted, and fail without it."""
    calls = ["pool()", "executor()", "counter()"]
    report = granted.granting(SHARED_MEMORY).call({"draft.py": POOL}, "draft", calls)
    assert [getattr(result, "value", result) for result in report.results] == [[0, 1, 4, 9, 16], [0, 1, 4], 3]
    assert report.grants == ("shared_memory",)
    assert isinstance(granted.call({"draft.py": POOL}, "draft", ["pool()"]).results[0], Raised)


def test_managers_work_where_the_view_is_the_run_s_own(granted: Sandbox) -> None:
    """Under bubblewrap sockets in the scratch folder are granted too; elsewhere such a path could lead outside."""
    (result,) = granted.granting(BOTH).call({"draft.py": POOL}, "draft", ["managed()"]).results
    if granted.status().tier == "bubblewrap":
        assert result == Returned(value={"a": 1})
    else:
        assert isinstance(result, Raised)


def test_shared_memory_is_gone_with_the_run(granted: Sandbox) -> None:
    """What a run puts into shared memory neither reaches others nor stays."""
    name = f"genloom-test-{os.getpid()}"
    source = f"def f():\n    with open('/dev/shm/{name}', 'x') as file: file.write('x')\n    return 1\n"
    for _ in range(2):
        report = granted.granting(SHARED_MEMORY).call({"draft.py": source}, "draft", ["f()"])
        assert report.results == (Returned(value=1),), report
    assert not Path("/dev/shm", name).exists()
    assert isinstance(granted.call({"draft.py": source}, "draft", ["f()"]).results[0], Raised)


def test_tests_and_programs_take_grants(granted: Sandbox) -> None:
    """A pytest file and a program can be granted the same; the sandbox that `granting` was asked of stays as it was."""
    tests = "from draft import fetch\ndef test_it(): assert fetch('127.0.0.1') == b'hello'\n"
    serving = granted.granting(LOOPBACK)
    report = serving.test({"draft.py": SERVER}, tests)
    assert [case.result for case in report.cases] == ["passed"], report
    program = "from draft import fetch\nprint(fetch('127.0.0.1'))\n"
    ran = serving.run_program(program, files={"draft.py": SERVER})
    assert (ran.stdout, ran.grants, report.grants) == ("b'hello'\n", ("loopback",), ("loopback",))
    assert granted.run_program("print(1)").grants == ()
