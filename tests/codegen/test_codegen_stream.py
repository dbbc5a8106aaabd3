"""Runs as streams: the log as it comes, the run at the end, whatever befalls the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from genloom.errors import AgentError
from genloom.events import AgentLogged, Event, Note, parse_event
from genloom.state import AgentRun
from genloom.testing import CodegenServer, Fault, ManualClock, RecordedRequest, RunPlan
from genloom.tools.codegen import AsyncCodegen, LogEntry
from genloom.tools.codegen.log import stream as log_stream
from genloom.tools.codegen.wire import AgentRunLogResponse

ClientOf = Callable[..., AsyncCodegen]
THOUGHTS = tuple(f"step {number}" for number in range(12))
KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCD"


async def test_entries_come_while_the_run_goes_and_the_run_comes_last(client_of: ClientOf) -> None:
    """The run as it began, its log in order while it is still running, and the run as it ended."""
    clock = ManualClock()
    with CodegenServer(RunPlan(seconds=13, logs=THOUGHTS, result="x = 1"), clock=clock) as server:
        async with client_of(server) as client:
            items = []
            async for item in client.run_stream("make it", deadline=60):
                items.append(item)
                assert server.runs[0].ended == (len(items) == 14)
                clock.advance(1.01)  # to the next entry, behind the last one to the end
    first, last = items[0], items[-1]
    assert isinstance(first, AgentRun)
    assert isinstance(last, AgentRun)
    assert (first.id, last.id, last.status, last.result) == (1, 1, "completed", "x = 1")
    entries = items[1:-1]
    assert [entry.text for entry in entries if isinstance(entry, LogEntry)] == list(THOUGHTS)
    assert [entry.number for entry in entries if isinstance(entry, LogEntry)] == list(range(1, 13))


async def test_entries_are_events_without_secrets(client_of: ClientOf) -> None:
    """Each entry leaves as a typed event too, short, and neither the token nor another secret is in one."""
    token = "the-token-of-this-test"
    thoughts = (f"I use {token} and {KEY}", "y" * 5000, "z" * 470 + f" {KEY}")
    events: list[Event] = []
    with CodegenServer(RunPlan(logs=thoughts), token=token) as server:
        async with client_of(server) as client:
            stream = client.run_stream("make it", emit=events.append)
            texts = [item.text async for item in stream if isinstance(item, LogEntry)]
    told = [event for event in events if isinstance(event, AgentLogged)]
    assert texts == list(thoughts)
    assert [event.number for event in told] == [1, 2, 3]
    assert all(len(event.text) <= 500 for event in told)
    assert not any(part in event.text for event in told for part in (token, KEY, KEY[:12]))
    assert parse_event(told[0].model_dump()) == told[0]


@pytest.mark.parametrize(
    "fault",
    [Fault(status=500), Fault(cut=True), Fault(status=429), Fault(truncate=True), Fault(body="null")],
    ids=["500", "cut", "429", "truncated", "null"],
)
async def test_a_log_that_stumbles_is_read_on(fault: Fault, client_of: ClientOf) -> None:
    """Transient failures of every other look at the log lose and double nothing."""
    looks = iter(range(1_000_000))

    def strike(request: RecordedRequest) -> Fault | None:
        return fault if request.path.endswith("/logs") and next(looks) % 2 == 0 else None

    with CodegenServer(RunPlan(seconds=0.4, logs=THOUGHTS), faults=strike) as server:
        async with client_of(server) as client:
            items = [item async for item in client.run_stream("make it", deadline=20)]
    assert [item.text for item in items if isinstance(item, LogEntry)] == list(THOUGHTS)
    assert isinstance(items[-1], AgentRun)
    assert items[-1].status == "completed"


async def test_a_server_without_logs_still_gives_the_run(client_of: ClientOf) -> None:
    """The endpoint is alpha: where it is missing, that is told once and the run comes all the same."""

    def strike(request: RecordedRequest) -> Fault | None:
        return Fault(status=404) if request.path.endswith("/logs") else None

    events: list[Event] = []
    with CodegenServer(RunPlan(seconds=0.2), faults=strike) as server:
        async with client_of(server) as client:
            items = [item async for item in client.run_stream("make it", emit=events.append, deadline=20)]
        assert server.count("GET", "/logs") == 1
    assert [type(item) for item in items] == [AgentRun, AgentRun]
    assert [event.level for event in events if isinstance(event, Note)] == ["warning"]


async def test_more_entries_than_a_page_holds_all_come(client_of: ClientOf) -> None:
    """Pages are followed to the end."""
    steps = tuple(
        AgentRunLogResponse(agent_run_id=1, tool_name="bash", tool_input={"n": number}) for number in range(250)
    )
    with CodegenServer(RunPlan(logs=steps)) as server:
        async with client_of(server) as client:
            items = [item async for item in client.run_stream("make it") if isinstance(item, LogEntry)]
        assert [item.step.tool_input for item in items] == [{"n": number} for number in range(250)]
        assert {item.tool for item in items} == {"bash"}
        assert server.count("GET", "/logs") < 12


async def test_closing_early_leaves_nothing_behind(client_of: ClientOf) -> None:
    """Breaking out ends the waiting, without a task or a request more."""
    with CodegenServer(RunPlan(seconds=60, logs=THOUGHTS)) as server:
        async with client_of(server) as client:
            async with aclosing(client.run_stream("make it")) as items:
                async for _ in items:
                    break
            async with aclosing(client.follow(1)) as items:
                assert isinstance(await anext(items), AgentRun)
                waiting = asyncio.ensure_future(anext(items))
                await asyncio.sleep(0.05)
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
            asked = len(server.requests)
            await asyncio.sleep(0.15)
            assert len(server.requests) <= asked + 1


async def test_a_deadline_ends_the_stream_with_the_run_as_it_is(client_of: ClientOf) -> None:
    """The last item says that the run did not end in time."""
    with CodegenServer(RunPlan(seconds=60)) as server:
        async with client_of(server) as client:
            items = [item async for item in client.run_stream("make it", deadline=1.0)]
    assert isinstance(items[-1], AgentRun)
    assert (items[-1].status, items[-1].raw_status) == ("timeout", "ACTIVE")


async def test_an_unreachable_server_is_raised_not_swallowed(client_of: ClientOf) -> None:
    """What waiting raises, the stream raises."""
    with CodegenServer(RunPlan(seconds=60)) as server:
        client = client_of(server)
        await client.__aenter__()
        items = client.run_stream("make it")
        assert isinstance(await anext(items), AgentRun)
    with pytest.raises(AgentError):
        async for _ in items:
            pass
    await client.__aexit__()


async def test_resume_lets_a_paused_run_go_on(client_of: ClientOf) -> None:
    """A paused run goes on with another prompt, redacted as any, and comes back when it has ended."""
    with CodegenServer(RunPlan(pauses=True, seconds=0.1, result="x = 2")) as server:
        async with client_of(server) as client:
            run = await client.run("make it", deadline=20)
            assert run.status == "paused"
            done = await client.resume(run, f"go on with {server.token}", deadline=20)
        assert (done.id, done.status, done.result) == (run.id, "completed", "x = 2")
        assert server.token not in server.runs[0].resumed[0].prompt
        assert len(server.runs) == 1


async def test_a_log_that_hangs_does_not_outlast_the_deadline(client_of: ClientOf) -> None:
    """The run decides when the stream ends."""
    hanging = Fault(delay=60.0)
    loop = asyncio.get_running_loop()
    with CodegenServer(
        RunPlan(seconds=60, logs=THOUGHTS), faults=lambda request: hanging if request.path.endswith("/logs") else None
    ) as server:
        async with client_of(server) as client:
            began = loop.time()
            items = [item async for item in client.run_stream("make it", deadline=1.0)]
            took = loop.time() - began
    assert [type(item) for item in items] == [AgentRun, AgentRun]
    assert took < 20  # a read alone would take 30


async def test_a_log_that_hangs_at_the_end_holds_up_the_run_for_a_bounded_time(
    client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last reads have one bound together, and the run comes without them."""
    monkeypatch.setattr(log_stream, "LAST_SECONDS", 0.2)
    hanging = Fault(delay=60.0)
    with CodegenServer(
        RunPlan(polls=2, result="x = 1"), faults=lambda request: hanging if request.path.endswith("/logs") else None
    ) as server:
        async with client_of(server) as client, asyncio.timeout(20):
            items = [item async for item in client.run_stream("make it")]
    assert isinstance(items[-1], AgentRun)
    assert (items[-1].status, items[-1].result) == ("completed", "x = 1")
