"""Waiting for a run: until it is final, for as long as was said, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from genloom.errors import AgentError
from genloom.events import AgentProgress, Event
from genloom.testing import CodegenServer, Fault, RunPlan
from genloom.tools.codegen import AsyncCodegen, Pacing

ClientOf = Callable[..., AsyncCodegen]
ServerOf = Callable[..., CodegenServer]


async def test_a_run_can_be_waited_for_by_its_number(client_of: ClientOf) -> None:
    """Whoever kept nothing but the number gets the run as it ends."""
    with CodegenServer(RunPlan(polls=2, result="late")) as server:
        async with client_of(server) as client:
            number = (await client.submit("make it", deadline=20)).id
            run = await client.wait(number, deadline=20)
    assert (run.id, run.status, run.result) == (number, "completed", "late")


async def test_a_deadline_gives_the_run_back_findable(client_of: ClientOf) -> None:
    """After the deadline the run has status `timeout` and its raw status, and can be waited for again."""
    with CodegenServer(RunPlan(seconds=600)) as server:
        async with client_of(server) as client:
            run = await client.run("make it", deadline=1.0)
            assert (run.status, run.raw_status, run.id) == ("timeout", "ACTIVE", 1)
            server.end_run(1, status="COMPLETE", result="late")
            done = await client.wait(run, deadline=20)
    assert (done.status, done.result) == ("completed", "late")


@pytest.mark.parametrize(("raw", "status"), [("SOMETHING_NEW", "unknown"), (None, "unknown"), ("PAUSED", "paused")])
async def test_a_run_that_rests_is_not_polled_for_ever(raw: str | None, status: str, client_of: ClientOf) -> None:
    """A paused run and one of an unknown status come back as they are, without any deadline."""
    with CodegenServer(RunPlan(before=raw, polls=1_000_000)) as server:
        async with client_of(server) as client:
            run = await client.run("make it")
    assert (run.status, run.raw_status) == (status, raw or "")


@pytest.mark.parametrize("raw", ["FAILED", "Stopped", "timeout", "OUT_OF_TOKENS"])
async def test_a_run_that_ends_badly_ends(raw: str, client_of: ClientOf) -> None:
    """Every final status in any case ends the wait and keeps the raw text."""
    with CodegenServer(RunPlan(status=raw, result=None)) as server:
        async with client_of(server) as client:
            run = await client.run("make it", deadline=20)
    assert run.raw_status == raw
    assert run.status in ("failed", "cancelled", "timeout")


async def test_an_ended_run_that_is_resumed_ends_anew(client_of: ClientOf, pace: Pacing) -> None:
    """A list that was asked for before the resume, and answered after it, does not give the old result."""
    plans = [RunPlan(result="old"), RunPlan(seconds=60), RunPlan(seconds=60), RunPlan(result="new", seconds=0.8)]
    with CodegenServer(plans) as server:
        async with client_of(server) as client:
            old = await client.run("one")
            others = [asyncio.create_task(client.run(text)) for text in ("two", "three")]
            while len(server.runs) < 3:
                await asyncio.sleep(0.01)
            server.set_faults(
                lambda request: Fault(delay=0.4, after_work=True) if request.path.endswith("/agent/runs") else None
            )
            asked = server.count("GET", "/agent/runs")
            while server.count("GET", "/agent/runs") == asked:
                await asyncio.sleep(0.01)
            done = await client.resume(old, "again", deadline=20)
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
    assert (old.result, done.status, done.result) == ("old", "completed", "new")


async def test_cancelling_leaves_no_task_and_no_connection_behind(server_of: ServerOf, client_of: ClientOf) -> None:
    """A cancelled wait ends at once, and nothing goes on asking the server."""
    with server_of(RunPlan(seconds=10)) as server:
        async with client_of(server) as client:
            task = asyncio.create_task(client.run("make it"))
            while not server.count("GET"):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            asked = len(server.requests)
            await asyncio.sleep(0.15)
            assert len(server.requests) <= asked + 1
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_events_tell_each_change_and_each_repetition(client_of: ClientOf) -> None:
    """Listeners see the run start, the server stumble, and the end."""
    events: list[Event] = []
    faults = [None, None, Fault(status=503)]
    with CodegenServer(RunPlan(polls=2), faults=faults) as server:
        async with client_of(server) as client:
            await client.run("make it", idempotency_key="k", emit=events.append)
    told = [(event.status, bool(event.message)) for event in events if isinstance(event, AgentProgress)]
    assert told[0] == ("running", False)
    assert ("running", True) in told
    assert told[-1] == ("completed", False)


async def test_each_waiter_gets_an_error_of_its_own(server_of: ServerOf, client_of: ClientOf) -> None:
    """One failure for many is the same message in different objects."""
    with server_of(RunPlan(seconds=10)) as server:
        async with client_of(server) as client:
            waits = [asyncio.create_task(client.run(f"job {number}")) for number in range(5)]
            while len(server.runs) < 5:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            server.set_faults(lambda _: Fault(status=402))
            failed = await asyncio.gather(*waits, return_exceptions=True)
    assert {str(error) for error in failed} == {str(failed[0])}
    assert isinstance(failed[0], AgentError)
    assert failed[0].hint
    assert len({id(error) for error in failed}) == 5


async def test_clients_of_one_account_share_one_poll(client_of: ClientOf) -> None:
    """Whether the organisation was given or asked for, and whatever time limit each has."""
    with CodegenServer() as server:
        async with client_of(server) as one, client_of(server, org_id=None, timeout=5.0) as two:
            assert await one.run_poller() is await two.run_poller()
