"""The outbox and the log of runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from genloom.interfaces.server.storage import NewDelivery, Storage
from genloom.tools.codegen.wire import CreateAgentRunInput, ResumeAgentRunInput


async def ended(storage: Storage, *messages: NewDelivery) -> int:
    run, _ = await storage.runs.create(1, 1, CreateAgentRunInput(prompt="p"), graph="generation", most_queued=9)
    leased = await storage.runs.lease("worker")
    assert leased is not None
    assert await storage.logs.append(1, run.id, leased.lease_epoch, [{"n": 1}])
    assert await storage.runs.finish(run.id, 1, status="completed", result=None, summary=None, deliveries=messages)
    return run.id


def message(number: int, url: str = "http://h/") -> NewDelivery:
    return NewDelivery(id=f"m{number}", event="ended", url=url, secret="hush-hush-hush", body=f"body \0 {number}")


async def test_message_is_held_by_whoever_took_it(storage: Storage) -> None:
    """Until it is settled nobody else gets it; of a sender that was killed it comes again, its attempts counted."""
    await ended(storage, message(1, "http://a/"), message(2, "http://b/"))
    page, _ = await storage.deliveries.page(1, skip=0, limit=9)
    now = page[0].created_at + 1
    first, second = await storage.deliveries.due(now, 9, hold=60)
    assert {first.id, second.id} == {"m1", "m2"}
    assert (first.attempts, first.body, first.secret) == (1, f"body \0 {first.id[1]}", "hush-hush-hush")
    assert "hush" not in repr(first)
    assert await storage.deliveries.due(now + 59, 9) == ()
    await storage.deliveries.done(first.id, 204)
    await storage.deliveries.again(second.id, now + 10, "refused", status=500)
    assert await storage.deliveries.due(now + 9, 9) == ()
    (again,) = await storage.deliveries.due(now + 11, 9, hold=60)
    assert (again.id, again.attempts, again.last_status, again.last_error) == (second.id, 2, 500, "refused")
    (after,) = await storage.deliveries.due(now + 72, 9)
    assert (after.id, after.attempts) == (second.id, 3)
    await storage.deliveries.give_up(second.id, "gone", status=410)
    assert await storage.deliveries.due(now + 10**6, 9) == ()
    told = {record.id: record for record in (await storage.deliveries.page(1, skip=0, limit=9))[0]}
    assert (told[first.id].delivered_at is not None, told[first.id].last_status) == (True, 204)
    assert (told[second.id].failed_at is not None, told[second.id].last_error) == (True, "gone")


async def test_settled_message_stays_settled(storage: Storage) -> None:
    """A slow sender that reports late changes nothing any more."""
    await ended(storage, message(1))
    await storage.deliveries.done("m1", 200)
    await storage.deliveries.again("m1", 0.0, "late")
    assert await storage.deliveries.due(10**12, 9) == ()


async def test_what_is_old_and_over_is_forgotten_a_bounded_number_at_a_time(database_url: str) -> None:
    """Logs of runs that ended, and messages that are settled; what is young, open or under way stays, and so do runs."""
    now = [1000.0]
    async with Storage.open(database_url, clock=lambda: now[0]) as storage:
        old = [await ended(storage, message(n)) for n in (1, 2)]
        for number in ("m1", "m2"):
            await storage.deliveries.done(number, 204)
        await ended(storage, message(3))  # nobody took its message yet
        under_way, _ = await storage.runs.create(1, 1, CreateAgentRunInput(prompt="p"), graph="g", most_queued=9)
        leased = await storage.runs.lease("worker")
        assert leased is not None
        assert await storage.logs.append(1, under_way.id, leased.lease_epoch, [{"n": 1}])
        now[0] = 5000.0
        young = await ended(storage, message(4))
        await storage.deliveries.done("m4", 204)

        assert [await storage.logs.forget(4000.0, most=1) for _ in range(4)] == [1, 1, 1, 0]
        assert [await storage.deliveries.forget(4000.0, most=1) for _ in range(3)] == [1, 1, 0]
        left = {run: (await storage.logs.page(1, run, skip=0, limit=9))[1] for run in (*old, under_way.id, young)}
        assert left == {old[0]: 0, old[1]: 0, under_way.id: 1, young: 1}
        messages, _ = await storage.deliveries.page(1, skip=0, limit=9)
        assert {record.id for record in messages} == {"m3", "m4"}
        assert (await storage.runs.page(1, skip=0, limit=9))[1] == 5


async def test_clock_set_back_does_not_strand_messages(storage: Storage) -> None:
    """What is due more than a day ahead of the clock is due now."""
    await ended(storage, message(1))
    assert [record.id for record in await storage.deliveries.due(1000.0, 9)] == ["m1"]


async def test_one_end_is_told_to_one_address_once(storage: Storage) -> None:
    """Two messages of one leg, event and address are one; the longest addresses are told apart."""
    long = "http://h/" + "ü" * 2000
    await ended(storage, message(1), message(2), message(3, long), message(4, long + "x"))
    assert (await storage.deliveries.page(1, skip=0, limit=9))[1] == 3


async def test_each_pause_of_a_run_is_told(storage: Storage) -> None:
    """Whoever paused it, and however often in one leg: by its worker, or where it waits in the queue."""
    run, _ = await storage.runs.create(1, 1, CreateAgentRunInput(prompt="p"), graph="generation", most_queued=9)
    for number in range(3):
        leased = await storage.runs.lease("worker")
        assert leased is not None
        told = NewDelivery(id=f"asks {number}", event="agent_run.paused", url="http://h/", secret=None, body="{}")
        assert await storage.runs.pause(run.id, leased.lease_epoch, "a question", [told])
        assert not await storage.runs.pause(run.id, leased.lease_epoch, "again", [told])
        await storage.runs.want(1, run.id, "run")
        told = NewDelivery(id=f"waits {number}", event="agent_run.paused", url="http://h/", secret=None, body="{}")
        await storage.runs.want(1, run.id, "pause", deliveries=[told])
        await storage.runs.want(1, run.id, "pause", deliveries=[told])
        await storage.runs.resume(1, run.id, ResumeAgentRunInput(agent_run_id=run.id, prompt="go on"))
    sent, _ = await storage.deliveries.page(1, skip=0, limit=99)
    assert sorted(message.id for message in sent) == sorted(f"{why} {n}" for why in ("asks", "waits") for n in range(3))


async def test_organisations_take_turns_in_the_outbox(storage: Storage) -> None:
    """Whatever waits of one that has much to tell, and no more of it at once than `each`, those under way counted."""
    other = (await storage.organizations.create("other")).id
    user = (await storage.users.create(other, role="runner")).id
    await ended(storage, *(message(n, f"http://hangs/{n}") for n in range(20)))
    run, _ = await storage.runs.create(other, user, CreateAgentRunInput(prompt="p"), graph="g", most_queued=9)
    assert await storage.runs.lease("worker") is not None
    messages = [NewDelivery(id=f"o{n}", event="e", url=f"http://o/{n}", secret=None, body="{}") for n in range(2)]
    assert await storage.runs.finish(run.id, 1, status="completed", result=None, summary=None, deliveries=messages)

    async def taken(limit: int, **given: Any) -> list[int]:
        return [record.organization_id for record in await storage.deliveries.due(10**10, limit, hold=60, **given)]

    assert sorted(await taken(2, each=4)) == [1, other]
    assert sorted(await taken(9, each=4, under_way={1: 1, other: 1})) == [1, 1, 1, other]
    assert await taken(9, each=4, under_way={1: 4}) == []
    assert await taken(99, each=4, under_way={1: 3}) == [1]
    assert len(await taken(99)) == 20 - 5


async def test_senders_at_once_get_different_messages(storage: Storage) -> None:
    """Two that ask at the same moment never hold the same one."""
    await ended(storage, *(message(n, f"http://h/{n}") for n in range(12)))
    taken = await asyncio.gather(*(storage.deliveries.due(10**12, 3) for _ in range(6)))
    numbers = [record.id for records in taken for record in records]
    assert len(numbers) == len(set(numbers))


async def test_log_is_paged_from_both_ends(storage: Storage) -> None:
    """`skip` counts from the end that comes first; pages behind the end are empty and tell the total."""
    run, _ = await storage.runs.create(1, 1, CreateAgentRunInput(prompt="p"), graph="generation", most_queued=9)
    assert not await storage.logs.append(1, run.id, 0, [{"n": 0}])
    await storage.runs.lease("worker")
    for n in range(1, 6):
        assert await storage.logs.append(1, run.id, 1, [{"n": n, "text": "\0\ud800"}])

    async def numbers(skip: int, limit: int, *, reverse: bool = False) -> list[int]:
        logs, total = await storage.logs.page(1, run.id, skip=skip, limit=limit, reverse=reverse)
        assert total == 5
        assert all(log.entry == {"n": log.number, "text": "\0\ud800"} for log in logs)
        return [log.number for log in logs]

    assert await numbers(0, 2) == [1, 2]
    assert await numbers(3, 10**30) == [4, 5]
    assert await numbers(5, 2) == []
    assert await numbers(10**30, 2) == []
    assert await numbers(0, 2, reverse=True) == [5, 4]
    assert await numbers(4, 9, reverse=True) == [1]
    assert await numbers(5, 9, reverse=True) == []
    for skip, limit in ((-1, 1), (0, -1)):
        with pytest.raises(ValueError, match="page"):
            await storage.logs.page(1, run.id, skip=skip, limit=limit)


async def test_writers_at_once_leave_a_log_without_gaps(storage: Storage) -> None:
    """Numbers are given out one after the other, whoever writes at the same moment."""
    run, _ = await storage.runs.create(1, 1, CreateAgentRunInput(prompt="p"), graph="generation", most_queued=9)
    await storage.runs.lease("worker")
    assert all(await asyncio.gather(*(storage.logs.append(1, run.id, 1, [{"n": n}, {}]) for n in range(8))))
    logs, total = await storage.logs.page(1, run.id, skip=0, limit=99)
    assert [log.number for log in logs] == list(range(1, 17))
    assert total == 16
