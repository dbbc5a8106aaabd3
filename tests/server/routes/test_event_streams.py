"""Runs as they happen: every entry once and in order, however listeners come and go; and the bounds."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from running_server import RunningServer

from genloom.interfaces.server import streams

AGENT = "/v1/organizations/1/agent"
SECONDS = 30.0


@dataclass
class Event:
    kind: str
    id: int | None
    data: dict[str, Any]


def events(answer: httpx.Response) -> Iterator[Event]:
    """Yield the events of a stream until it ends; comments are left out."""
    kind, number, data = "", None, ""
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            kind = value
        elif field == "id":
            number = int(value)
        elif field == "data":
            data = value
        elif not line and data:
            yield Event(kind, number, json.loads(data))
            kind, number, data = "", None, ""


class Writer:
    """A worker's hand: it leases the run that a client makes, writes its log and ends it."""

    def __init__(self, server: RunningServer, client: httpx.Client) -> None:
        self.server = server
        self.run: int = client.post(f"{AGENT}/run", json={"prompt": "Double a number."}).json()["id"]
        self.path = f"{AGENT}/run/{self.run}/events"
        self.written = 0
        self._lease()

    def _lease(self) -> None:
        leased = self.server.do(lambda storage: storage.runs.lease("w", stale=set()))
        assert leased is not None
        assert leased.id == self.run
        self.epoch = leased.lease_epoch

    def write(self, count: int, text: str = "") -> None:
        entries = [{"message_type": "ACTION", "thought": f"{self.written + n}{text}"} for n in range(1, count + 1)]
        assert self.server.do(lambda storage: storage.logs.append(1, self.run, self.epoch, entries))
        self.written += count

    def end(self) -> None:
        assert self.server.do(
            lambda storage: storage.runs.finish(
                self.run, self.epoch, status="completed", result="x", summary="Done.", outcome={}, deliveries=[]
            )
        )


@contextmanager
def listening(client: httpx.Client, path: str, last: int | None = None) -> Iterator[httpx.Response]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer


@pytest.fixture
def quick(serve: Callable[..., RunningServer]) -> RunningServer:
    """A server that looks often."""
    return serve(poll_seconds=0.02, heartbeat_seconds=0.2, streams=30)


def test_a_run_is_told_from_its_start_to_its_end(quick: RunningServer) -> None:
    """Its status at first and at each change, each entry once and in order, then the end of the stream."""
    with quick.client() as client:
        writer = Writer(quick, client)
        writer.write(2)
        with listening(client, writer.path) as answer:
            told = []
            for event in events(answer):
                told.append(event)
                if event.id == 2:
                    writer.write(3)
                if event.id == 5:
                    writer.end()
    assert [event.data["status"] for event in told if event.kind == "status"] == ["in_progress", "completed"]
    assert [(event.id, event.data["thought"]) for event in told if event.kind == "log"] == [
        (n, str(n)) for n in range(1, 6)
    ]
    assert told[-1].data["result"] == "x"
    assert told[-1].data["organization_id"] == 1


def test_a_stream_goes_on_where_it_broke(quick: RunningServer) -> None:
    """The last id brings what came after it, also of a run that has ended; one from beyond brings nothing twice."""
    with quick.client() as client:
        writer = Writer(quick, client)
        writer.write(250)
        with listening(client, writer.path, 120) as answer:
            first = next(event for event in events(answer) if event.kind == "log")
        assert first.id == 121
        writer.end()
        for last, expected in ((None, range(1, 251)), (248, range(249, 251)), (250, range(0)), (10**9, range(0))):
            with listening(client, writer.path, last) as answer:
                told = list(events(answer))
            assert [event.id for event in told if event.kind == "log"] == list(expected)
            assert told[-1].data["status"] == "completed"
        for wrong in ("x", "-1", "9" * 30):
            assert client.get(writer.path, headers={"Last-Event-ID": wrong}).status_code == 422


def test_many_listeners_hear_the_same(quick: RunningServer) -> None:
    """Whenever they come, each hears every entry once and in order, while entries are written."""
    with quick.client() as client, ThreadPoolExecutor(12) as pool:
        writer = Writer(quick, client)

        def listen(number: int) -> list[int | None]:
            time.sleep(number * 0.03)
            with quick.client(key) as own, listening(own, writer.path) as answer:
                return [event.id for event in events(answer) if event.kind == "log"]

        key = quick.key()
        heard = [pool.submit(listen, number) for number in range(12)]
        for _ in range(20):
            writer.write(7)
            time.sleep(0.02)
        wait_for(lambda: quick.app.state.serving.streams.listening == 12)
        writer.end()
        assert [one.result(SECONDS) for one in heard] == [list(range(1, 141))] * 12
    wait_for(lambda: quick.app.state.serving.streams.listening == 0)


def wait_for(condition: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < SECONDS
        time.sleep(0.01)


def test_listeners_are_counted_and_let_go(serve: Callable[..., RunningServer]) -> None:
    """Beyond the limit 503; whoever leaves makes room."""
    server = serve(streams=2, heartbeat_seconds=0.1)
    with server.client() as client:
        writer = Writer(server, client)
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(listening(client, writer.path))
            answer = client.get(writer.path)
            assert (answer.status_code, answer.json()["status_code"]) == (503, 503)
        wait_for(lambda: server.app.state.serving.streams.listening == 0)
        with listening(client, writer.path):
            pass


@pytest.mark.slow
def test_a_stream_is_kept_alive_and_ends_with_its_key(quick: RunningServer) -> None:
    """Comments come while nothing happens; once the key is revoked the stream ends."""
    with quick.client() as client:
        writer = Writer(quick, client)
        with listening(client, writer.path) as answer:
            lines = answer.iter_lines()
            assert any(line.startswith(":") for line in lines)
            quick.do(lambda storage: storage.keys.revoke(1, 1))
            list(lines)  # returns: the stream ends


def test_a_listener_that_is_too_slow_is_let_go(quick: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded; its stream ends before a hole, and it can go on from there."""
    monkeypatch.setattr(streams, "MOST_BEHIND", 50)
    with quick.client() as client:
        writer = Writer(quick, client)
        with listening(client, writer.path) as answer:
            stream = events(answer)
            assert next(stream).kind == "status"
            writer.write(1, text="x")
            heard = [next(stream).id]
            for _ in range(40):  # far more than sockets keep
                writer.write(10, text="x" * 50_000)
            heard += [event.id for event in stream]
        assert len(heard) < writer.written
        assert heard == list(range(1, len(heard) + 1))
        writer.end()
        with listening(client, writer.path, heard[-1]) as answer:
            rest = [event.id for event in events(answer) if event.kind == "log"]
    assert rest == list(range(len(heard) + 1, writer.written + 1))


def test_a_server_that_drains_ends_its_streams(quick: RunningServer) -> None:
    """At once, so that clients go elsewhere; new ones are refused, and it is not ready."""
    with quick.client() as client:
        writer = Writer(quick, client)
        with listening(client, writer.path) as answer:
            threading.Timer(0.1, quick.drain).start()
            list(events(answer))
        assert client.get(writer.path).status_code == 503
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["open"]) == (503, False)
        assert client.get("/healthz").status_code == 200


def test_streams_go_on_after_an_error_that_nobody_expected(
    quick: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver's own, say: listeners hear of the run's end all the same, and the server says that it is ready."""
    real, failures = quick.storage.runs.progress, iter([RuntimeError("boom"), KeyError("boom")])

    async def progress(wanted: Any) -> Any:
        if (task := asyncio.current_task()) and task.get_name() == "run-streams" and (error := next(failures, None)):
            raise error
        return await real(wanted)

    monkeypatch.setattr(quick.storage.runs, "progress", progress)
    with quick.client() as client:
        writer = Writer(quick, client)
        with listening(client, writer.path) as answer:
            heard = events(answer)
            next(heard)
            writer.end()
            assert [event.data["status"] for event in heard if event.kind == "status"][-1] == "completed"
        assert next(failures, None) is None
        assert client.get("/readyz").json()["checks"]["streams"] is True
