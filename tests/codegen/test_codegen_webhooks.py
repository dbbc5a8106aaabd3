"""Webhooks: signed, bounded, and never believed."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import StorageError, UsageError
from genloom.testing import CodegenServer, RunPlan
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.signature import SIGNATURE_HEADER, SignatureCheck, signature_headers
from genloom.tools.codegen.webhook_receiver import WebhookReceiver, run_number
from genloom.tools.codegen.wire import WebhookOverride

SECRET = "a-long-secret-of-this-test"
BODY = b'{"type": "agent_run.completed", "data": {"id": 12}}'


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def header_of(body: bytes, secret: str = SECRET, at: float = 1_000_000.0) -> str:
    return signature_headers(secret, body, at=at)[SIGNATURE_HEADER]


@given(st.binary(max_size=300), st.floats(-299, 299))
def test_what_was_signed_is_taken_once(body: bytes, late: float) -> None:
    """Within five minutes on either side, and no second time."""
    clock = Clock()
    check = SignatureCheck(SECRET, clock=clock)
    header = header_of(body, at=clock.now + late)
    assert check.accepts(header, body)
    assert not check.accepts(header, body)


@given(st.binary(max_size=50), st.binary(max_size=50), st.text(min_size=16, max_size=30))
def test_nothing_else_is_taken(body: bytes, other: bytes, secret: str) -> None:
    """Another body, another secret, another time."""
    check = SignatureCheck(SECRET, clock=Clock())
    if other != body:
        assert not check.accepts(header_of(other), body)
    if secret != SECRET:
        assert not check.accepts(header_of(body, secret), body)
    assert not check.accepts(header_of(body, at=1_000_301.0), body)
    assert not check.accepts(header_of(body, at=999_699.0), body)
    assert not check.accepts(header_of(body).replace("t=1000000", "t=1000001"), body)


@given(st.text(max_size=100) | st.none())
def test_any_header_at_all_is_no_error(header: str | None) -> None:
    """A header that is no signature is refused, without an exception."""
    assert not SignatureCheck(SECRET).accepts(header, BODY)


def test_a_replay_is_refused_as_long_as_the_signature_counts() -> None:
    """Also just before the end of its time, when it came from ahead of our clock."""
    clock = Clock()
    check = SignatureCheck(SECRET, clock=clock)
    header = header_of(BODY, at=clock.now + 299)
    assert check.accepts(header, BODY)
    clock.now += 598
    assert not check.accepts(header, BODY)
    clock.now += 10
    assert not check.accepts(header, BODY)


@given(
    st.binary(max_size=100)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "data", "run_id", "x"]), inner, max_size=3)
        ),
    ).map(lambda told: json.dumps(told).encode())
)
def test_any_body_gives_a_number_or_none(body: bytes) -> None:
    """Whatever is sent."""
    number = run_number(body)
    assert number is None or 0 <= number < 2**63


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ({"data": {"id": 5}}, 5),
        ({"agent_run_id": 6, "id": "evt_1"}, 6),
        ({"id": "evt_1", "data": {"agent_run_id": 7, "id": 1}}, 7),
        ({"agent_run": {"id": 8}}, 8),
        ({"id": 9}, 9),
        ({"id": True}, None),
        ({"id": -1}, None),
        ({"type": "test"}, None),
        ([1], None),
    ],
)
def test_the_run_is_found_where_notices_may_name_it(told: object, number: int | None) -> None:
    """The documents do not tell the form; these are the likely ones."""
    assert run_number(json.dumps(told).encode()) == number


def post(receiver: WebhookReceiver, body: bytes, headers: dict[str, str] | None = None, **more: str) -> int:
    parts = urlsplit(receiver.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(more.get("method", "POST"), more.get("path", parts.path), body=body, headers=headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_signed_notice_nudges_and_others_do_not() -> None:
    """Unsigned, wrongly signed, replayed, misdirected, too large: refused, and nobody is woken."""
    nudged: list[int] = []
    with WebhookReceiver(SECRET, nudged.append) as receiver:
        good = signature_headers(SECRET, BODY)
        assert post(receiver, BODY, good) == 204
        assert nudged == [12]
        assert post(receiver, BODY, good) == 401
        assert post(receiver, BODY) == 401
        assert post(receiver, BODY, signature_headers("another secret of a test", BODY)) == 401
        assert post(receiver, BODY, signature_headers(SECRET, BODY, at=time.time() - 3600)) == 401
        assert post(receiver, BODY, signature_headers(SECRET, BODY), path="/elsewhere") == 404
        assert post(receiver, b"", {"Content-Length": str(2_000_000)}) == 413
        assert post(receiver, b"", {"Content-Length": "-1"}) == 411
        assert post(receiver, BODY, method="GET") == 501
        test = b'{"type": "test"}'
        assert post(receiver, test, signature_headers(SECRET, test)) == 204
    assert nudged == [12]


def test_a_nudge_that_raises_does_no_harm() -> None:
    """Polling goes on without it, and so does the receiver."""

    def nudge(number: int) -> None:
        raise RuntimeError("the poller is gone")

    with WebhookReceiver(SECRET, nudge) as receiver:
        for number in (1, 2):
            body = b'{"id": %d}' % number
            assert post(receiver, body, signature_headers(SECRET, body)) == 204


def test_connections_that_say_nothing_do_not_pile_up() -> None:
    """The seventeenth is closed at once; when the others are gone, notices are taken again."""
    nudged: list[int] = []
    with WebhookReceiver(SECRET, nudged.append) as receiver:
        parts = urlsplit(receiver.url)
        silent = [socket.create_connection((parts.hostname or "", parts.port or 0)) for _ in range(16)]
        time.sleep(0.3)
        one_more = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60)
        with one_more, contextlib.suppress(ConnectionResetError):
            assert one_more.recv(1) == b""
        for connection in silent:
            connection.close()
        for _ in range(1000):
            try:
                if post(receiver, BODY, signature_headers(SECRET, BODY)) == 204:
                    break
            except OSError:
                time.sleep(0.05)
    assert nudged == [12]


def test_a_closed_receiver_listens_no_more() -> None:
    """Its port is free again, and its address is not told."""
    with WebhookReceiver(SECRET, lambda _: None) as receiver:
        port = urlsplit(receiver.url).port
    assert SECRET not in repr(receiver)
    with pytest.raises(UsageError):
        receiver.url  # noqa: B018 - reading it raises
    again = WebhookReceiver(SECRET, lambda _: None, port=port or 0)
    with again, pytest.raises(StorageError):
        WebhookReceiver(SECRET, lambda _: None, port=port or 0).__enter__()


def test_a_short_secret_is_refused_without_showing_it() -> None:
    """Anybody could guess it."""
    with pytest.raises(UsageError) as caught:
        WebhookReceiver("short", lambda _: None)
    assert "short" not in caught.value.message.split("characters")[0].split("secret")[1]


async def test_the_rigs_webhooks_reach_the_receiver() -> None:
    """Sender and receiver share form and signature: the end of a run is told as it happens."""
    nudged: list[int] = []
    with WebhookReceiver(SECRET, nudged.append) as receiver, CodegenServer(RunPlan(seconds=0.1)) as server:
        async with AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url) as client:
            hook = WebhookOverride(url=receiver.url, secret=SECRET)
            run = await client.create_run("make it", webhooks=(hook,))
            assert (await client.wait(run.to_run(), deadline=20)).status == "completed"
        for _ in range(3000):
            if nudged:
                break
            time.sleep(0.02)
    assert nudged == [run.id]


async def test_a_notice_wakes_the_poller_which_then_asks() -> None:
    """With polls an hour apart, the end is seen because the notice came; what is told of it comes from the server."""
    pacing = Pacing(poll_first=3600, poll_cap=3600)
    with CodegenServer(RunPlan(seconds=0.5, result="as the server says")) as server:
        async with AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url, pacing=pacing) as client:
            poller = await client.run_poller()
            with WebhookReceiver(SECRET, poller.nudge) as receiver:
                hook = WebhookOverride(url=receiver.url, secret=SECRET)
                response = await client.create_run("make it", webhooks=(hook,))
                run = await client.wait(response.to_run(), deadline=60)
    assert (run.status, run.result) == ("completed", "as the server says")


async def test_a_lying_notice_changes_nothing() -> None:
    """A notice that a run has ended, which it has not, only leads to a look."""
    with CodegenServer(RunPlan(seconds=60)) as server:
        async with AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url) as client:
            poller = await client.run_poller()
            run = await client.submit("make it")
            with WebhookReceiver(SECRET, poller.nudge) as receiver:
                waiting = asyncio.create_task(client.wait(run, deadline=0.5))
                body = b'{"data": {"id": 1, "status": "COMPLETE", "result": "forged"}}'
                assert await asyncio.to_thread(post, receiver, body, signature_headers(SECRET, body)) == 204
                late = await waiting
    assert (late.status, late.result) == ("timeout", None)
