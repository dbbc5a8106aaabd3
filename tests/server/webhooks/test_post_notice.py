"""One notice on its way."""

import asyncio
import ipaddress
import socket

import pytest
from flaky_receiver import FlakyReceiver

from genloom.interfaces.server.webhooks.post import Answered, post_notice
from genloom.interfaces.server.webhooks.targets import Target, TargetPolicy
from genloom.tools.codegen.signature import SIGNATURE_HEADER, SignatureCheck

LOOPBACK = TargetPolicy(["127.0.0.0/8"])
SECRET = "a secret of some length"


async def post(
    url: str, *, policy: TargetPolicy = LOOPBACK, secret: str | None = SECRET, seconds: float = 5.0
) -> Answered:
    return await post_notice(
        url,
        b'{"event": "x"}',
        secret=secret,
        delivery="d-1",
        event="agent_run.completed",
        policy=policy,
        seconds=seconds,
    )


async def test_a_notice_is_signed_and_says_what_it_is() -> None:
    async with FlakyReceiver() as receiver:
        answered = await post(receiver.url)
    assert answered.taken
    [request] = receiver.received
    assert request.path == "/hook"
    assert request.headers["x-genloom-delivery"] == "d-1"
    assert request.headers["x-genloom-event"] == "agent_run.completed"
    assert request.headers["content-type"] == "application/json"
    assert SignatureCheck(SECRET).accepts(request.headers[SIGNATURE_HEADER.lower()], request.body)


async def test_without_a_secret_nothing_is_signed() -> None:
    async with FlakyReceiver() as receiver:
        assert (await post(receiver.url, secret=None)).taken
    assert SIGNATURE_HEADER.lower() not in receiver.received[0].headers


@pytest.mark.parametrize("status", ["301", "302", "307", "308"])
async def test_a_redirect_is_not_followed(status: str) -> None:
    async with FlakyReceiver() as elsewhere, FlakyReceiver([status], location=elsewhere.url) as receiver:
        answered = await post(receiver.url)
    assert (answered.taken, answered.status) == (False, int(status))
    assert elsewhere.connections == 0


@pytest.mark.parametrize("word", ["400", "410", "500", "503"])
async def test_a_refusal_is_told_by_its_status(word: str) -> None:
    async with FlakyReceiver([word]) as receiver:
        answered = await post(receiver.url)
    assert answered == Answered(
        status=int(word), problem=f"answered with status {word}", retry_after=0.0 if word == "503" else None
    )


@pytest.mark.parametrize("word", ["hang", "close", "garbage", "heads"])
async def test_a_receiver_that_does_not_answer_is_a_problem_not_an_error(word: str) -> None:
    async with FlakyReceiver([word]) as receiver:
        answered = await post(receiver.url, seconds=0.5 if word == "hang" else 20.0)
    assert not answered.taken
    assert answered.problem


async def test_an_answer_without_an_end_is_not_read() -> None:
    async with FlakyReceiver(["endless"]) as receiver:
        assert (await post(receiver.url)).taken


async def test_nobody_there_is_a_problem() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "ConnectError" in (await post(f"http://127.0.0.1:{port}/")).problem


async def test_what_the_policy_refuses_is_not_connected_to() -> None:
    async with FlakyReceiver() as receiver:
        answered = await post(receiver.url, policy=TargetPolicy())
        await asyncio.sleep(0)
    assert not answered.taken
    assert "not public" in answered.problem
    assert receiver.connections == 0


class Rebinding(TargetPolicy):
    """Lets every address pass as it is written, as one does that looked at the name when it still led elsewhere."""

    def check_url(self, url: str) -> Target:
        return Target(encrypted=True, host="127.0.0.1", port=443)


async def test_a_number_is_judged_when_it_is_connected_to() -> None:
    async with FlakyReceiver() as receiver:
        answered = await post(f"http://localhost:{receiver.port}/hook", policy=Rebinding())
    assert "leads nowhere" in answered.problem
    assert receiver.connections == 0
    assert not Rebinding().usable(Target(encrypted=True, host="x", port=1), ipaddress.ip_address("127.0.0.1"))


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "017700000001"])
async def test_other_spellings_of_loopback_lead_nowhere(host: str) -> None:
    async with FlakyReceiver() as receiver:
        answered = await post(f"https://{host}:{receiver.port}/hook", policy=TargetPolicy(), seconds=3)
    assert not answered.taken
    assert receiver.connections == 0
