"""The sender: what waits in the outbox is delivered at least once, and told apart by its id."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flaky_receiver import FlakyReceiver
from outbox import SECRET, end_run, open_storage

from genloom.errors import AgentError
from genloom.interfaces.server.storage import DeliveryRecord, Storage
from genloom.interfaces.server.webhooks import delivery
from genloom.interfaces.server.webhooks.delivery import WebhookSender
from genloom.interfaces.server.webhooks.post import post_notice
from genloom.interfaces.server.webhooks.targets import TargetPolicy, TargetRefusedError
from genloom.tools.codegen.webhook_receiver import WebhookReceiver

LOOPBACK = TargetPolicy(["127.0.0.0/8"])


def web_url(organization_id: int, run_id: int) -> str:
    return f"https://loom.example/{organization_id}/{run_id}"


def sender(storage: Storage, policy: TargetPolicy = LOOPBACK, *, attempts: int = 18) -> WebhookSender:
    return WebhookSender(storage, policy, web_url, post_seconds=1.0, backoff=0.05, attempts=attempts, look_seconds=0.02)


async def settled(storage: Storage, done: Callable[[DeliveryRecord], bool]) -> tuple[DeliveryRecord, ...]:
    """Wait until all messages are as asked."""
    async with asyncio.timeout(60):
        while True:
            found, _ = await storage.deliveries.page(1, skip=0, limit=100)
            if found and all(map(done, found)):
                return found
            await asyncio.sleep(0.02)


def delivered(delivery: DeliveryRecord) -> bool:
    return delivery.delivered_at is not None


async def test_our_own_receiver_takes_the_notice_of_a_run_that_ended(tmp_path: Path) -> None:
    heard: list[int] = []
    with WebhookReceiver(SECRET, heard.append) as receiver:
        async with open_storage(tmp_path) as storage:
            run = await end_run(storage, receiver.url)
            async with sender(storage):
                [delivery] = await settled(storage, delivered)
    assert heard == [run.id]
    assert (delivery.event, delivery.last_status, delivery.attempts) == ("agent_run.completed", 204, 1)


async def test_notice_holds_the_run_its_event_and_the_id_of_the_delivery(tmp_path: Path) -> None:
    async with FlakyReceiver() as receiver, open_storage(tmp_path) as storage:
        run = await end_run(storage, receiver.url)
        async with sender(storage):
            [delivery] = await settled(storage, delivered)
    told = json.loads(receiver.received[0].body)
    assert (told["event"], told["delivery_id"]) == ("agent_run.completed", delivery.id)
    assert receiver.received[0].headers["x-genloom-delivery"] == delivery.id
    shown = {name: told["agent_run"][name] for name in ("id", "organization_id", "status", "result", "summary")}
    assert shown == {"id": run.id, "organization_id": 1, "status": "completed", "result": "code", "summary": "passed"}
    assert told["agent_run"]["metadata"] == {"mine": 1}
    assert told["agent_run"]["web_url"] == web_url(1, run.id)


async def test_organisations_webhook_hears_of_runs_that_have_none_of_their_own(tmp_path: Path) -> None:
    async with FlakyReceiver() as general, FlakyReceiver() as own, open_storage(tmp_path) as storage:
        await storage.webhooks.put(1, url=general.url, secret=SECRET)
        first, second = await end_run(storage), await end_run(storage, own.url)
        await storage.webhooks.put(1, url=general.url, secret=SECRET, enabled=False)
        await end_run(storage)
        async with sender(storage):
            assert len(await settled(storage, delivered)) == 2
    assert [json.loads(r.body)["agent_run"]["id"] for r in general.received] == [first.id]
    assert [json.loads(r.body)["agent_run"]["id"] for r in own.received] == [second.id]


@pytest.mark.slow
async def test_a_receiver_that_fails_gets_the_same_delivery_until_it_takes_it(tmp_path: Path) -> None:
    script = ["500", "close", "302", "hang", "503", "garbage", "204"]
    async with FlakyReceiver(script) as receiver, open_storage(tmp_path) as storage:
        await end_run(storage, receiver.url)
        async with sender(storage):
            [delivery] = await settled(storage, delivered)
    assert delivery.attempts == len(receiver.received) == len(script)
    assert {request.headers["x-genloom-delivery"] for request in receiver.received} == {delivery.id}
    assert delivery.last_error is None


async def test_a_receiver_that_hangs_holds_up_no_other(tmp_path: Path) -> None:
    async with FlakyReceiver(["hang"]) as hanging, FlakyReceiver() as good, open_storage(tmp_path) as storage:
        await end_run(storage, hanging.url, good.url)
        async with sender(storage):
            await good.wait_for(1)
            found = await settled(storage, lambda delivery: delivered(delivery) or delivery.last_error is not None)
    assert {delivery.url: delivered(delivery) for delivery in found} == {hanging.url: False, good.url: True}


async def test_a_receiver_that_hangs_holds_up_no_other_organisation(tmp_path: Path) -> None:
    """However much there is for it, and however long it hangs."""
    async with FlakyReceiver(["hang"]) as hanging, FlakyReceiver() as good, open_storage(tmp_path) as storage:
        other = (await storage.organizations.create("other")).id
        user = (await storage.users.create(other, role="runner")).id
        for _ in range(10):
            await end_run(storage, *(f"{hanging.url}/{number}" for number in range(5)))
        await end_run(storage, good.url, organization=other, user=user)
        async with WebhookSender(storage, LOOPBACK, web_url, post_seconds=300, look_seconds=0.02) as sending:
            await good.wait_for(1)
            assert len(hanging.received) <= 4
            assert sending.well
            hanging.let_go()


async def test_an_error_that_nobody_expected_ends_no_sender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither one of the outbox nor one of a delivery: both are told, and what is due is sent later."""
    async with FlakyReceiver() as receiver, open_storage(tmp_path) as storage:
        due = storage.deliveries.due
        looks, posts = iter([RuntimeError("secret"), KeyError("secret")]), iter([ZeroDivisionError("secret")])

        async def looked(*given: Any, **more: Any) -> Any:
            if error := next(looks, None):
                raise error
            return await due(*given, **{**more, "hold": 0.2})

        async def posted(*given: Any, **more: Any) -> Any:
            if error := next(posts, None):
                raise error
            return await post_notice(*given, **more)

        monkeypatch.setattr(storage.deliveries, "due", looked)
        monkeypatch.setattr(delivery, "post_notice", posted)
        await end_run(storage, receiver.url)
        async with sender(storage) as sending:
            [sent] = await settled(storage, delivered)
            while_open = sending.well
        assert (while_open, sending.well) == (True, False)
    assert sent.attempts == 2
    told = capsys.readouterr().err
    assert "genloom serve: webhooks: RuntimeError at" in told
    assert "genloom serve: webhooks: ZeroDivisionError at" in told
    assert "secret" not in told


async def test_after_its_last_attempt_a_delivery_is_given_up_and_listed(tmp_path: Path) -> None:
    async with FlakyReceiver(["500"]) as receiver, open_storage(tmp_path) as storage:
        await end_run(storage, receiver.url)
        async with sender(storage, attempts=3):
            [delivery] = await settled(storage, lambda delivery: delivery.failed_at is not None)
            await asyncio.sleep(0.2)
    assert len(receiver.received) == delivery.attempts == 3
    assert (delivery.last_status, delivery.last_error) == (500, "answered with status 500")


async def test_an_address_that_is_allowed_no_more_is_not_called(tmp_path: Path) -> None:
    async with FlakyReceiver() as receiver, open_storage(tmp_path) as storage:
        await end_run(storage, receiver.url)
        async with sender(storage, TargetPolicy(), attempts=2):
            [delivery] = await settled(storage, lambda delivery: delivery.failed_at is not None)
    assert "not public" in (delivery.last_error or "")
    assert receiver.connections == 0


async def test_a_test_message_says_whether_it_was_taken(tmp_path: Path) -> None:
    async with FlakyReceiver(["204", "500"]) as receiver, open_storage(tmp_path) as storage:
        one = sender(storage)
        await one.send_test(receiver.url, None)
        with pytest.raises(AgentError, match="status 500"):
            await one.send_test(receiver.url, SECRET)
        with pytest.raises(TargetRefusedError):
            await sender(storage, TargetPolicy()).send_test(receiver.url, None)
    assert json.loads(receiver.received[0].body)["event"] == "webhook.test"


async def test_stopping_lets_a_post_that_is_under_way_end(tmp_path: Path) -> None:
    async with FlakyReceiver() as receiver, open_storage(tmp_path) as storage:
        await end_run(storage, receiver.url)
        async with sender(storage):
            await receiver.wait_for(1)
        [delivery] = (await storage.deliveries.page(1, skip=0, limit=5))[0]
    assert delivered(delivery)


SENDING = """
import asyncio, sys
from genloom.interfaces.server.storage import Storage
from genloom.interfaces.server.webhooks.delivery import WebhookSender
from genloom.interfaces.server.webhooks.targets import TargetPolicy

async def main():
    async with Storage.open(sys.argv[1]) as storage:
        async with WebhookSender(storage, TargetPolicy(["127.0.0.0/8"]), lambda *_: "https://x"):
            await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_what_a_killed_sender_left_is_sent_again_with_the_same_id(tmp_path: Path) -> None:
    """The receiver has the notice, but the sender is killed before it could note that."""
    async with FlakyReceiver(["hang", "204"]) as receiver, open_storage(tmp_path) as storage:
        await end_run(storage, receiver.url)
        url = f"sqlite:///{tmp_path / 'server.db'}"
        with subprocess.Popen([sys.executable, "-c", SENDING, url]) as process:
            await receiver.wait_for(1)
            process.send_signal(signal.SIGKILL)
        minute_later = WebhookSender(storage, LOOPBACK, web_url, look_seconds=0.05, clock=lambda: time.time() + 61)
        async with minute_later:
            [delivery] = await settled(storage, delivered)
    assert delivery.attempts == 2
    assert [request.headers["x-genloom-delivery"] for request in receiver.received] == [delivery.id] * 2
