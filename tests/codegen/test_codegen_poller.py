"""The run poller: one poll for all runs of an account, from any thread and loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import pytest

from genloom.errors import AgentError, CredentialError, UsageError
from genloom.state import AgentRun
from genloom.testing import CodegenServer, Fault, RecordedRequest, RunPlan
from genloom.testing.codegen import ManualClock, ServerClock
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.access import resolve_access
from genloom.tools.codegen.http.connection import Connection
from genloom.tools.codegen.poller import ConnectionSource, RunPoller, RunSource
from genloom.tools.codegen.traffic import UNLIMITED, Breaker, GuardedServer, Traffic

ClientOf = Callable[..., AsyncCodegen]


LISTS = "/agent/runs"


@contextmanager
def poller_of(server: CodegenServer, pacing: Pacing, **options: float) -> Iterator[RunPoller]:
    """A poller of its own for a server; its thread ends with the block."""
    access = resolve_access(token=server.token, org_id=1, base_url=server.base_url)
    traffic = Traffic(UNLIMITED, GuardedServer(Breaker()))

    @asynccontextmanager
    async def source() -> AsyncIterator[RunSource]:
        async with Connection(access, timeout=20.0, traffic=traffic) as connection:
            yield ConnectionSource(connection, 1)

    yield RunPoller(source, pacing=pacing, traffic=traffic, **{"idle_seconds": 0.05, **options})


async def ended(poller: RunPoller) -> bool:
    """Whether the poller's thread ends by itself."""
    for _ in range(6000):
        if not poller.running:
            return True
        await asyncio.sleep(0.01)
    return False


async def final(poller: RunPoller, run_id: int) -> AgentRun:
    """Follow a run to its end."""
    with poller.watch(run_id, at_once=True) as changes:
        return [run async for run in changes][-1]


async def created(server: CodegenServer, client_of: ClientOf, number: int) -> None:
    """Start so many runs."""
    async with client_of(server) as client:
        for job in range(number):
            await client.create_run(f"job {job}")


async def test_a_hundred_runs_in_ten_threads_share_one_poll(client_of: ClientOf, pace: Pacing) -> None:
    """Each thread has a loop and a client of its own; the server sees few lists, no single looks, and one poller."""
    slow = replace(pace, poll_first=0.1, poll_cap=0.1)
    with CodegenServer(RunPlan(seconds=0.5)) as server:

        async def ten(thread: int) -> list[AgentRun]:
            async with client_of(server, pacing=slow) as client:
                return await asyncio.gather(*(client.run(f"job {thread}-{n}", deadline=60) for n in range(10)))

        done = await asyncio.gather(*(asyncio.to_thread(asyncio.run, ten(thread)) for thread in range(10)))
        assert {run.status for runs in done for run in runs} == {"completed"}
        assert sorted(run.id for runs in done for run in runs) == list(range(1, 101))
        assert server.count("GET", LISTS) < 200  # a busy machine takes its time to start a hundred runs
        assert server.count("GET") - server.count("GET", LISTS) <= 5
        pollers = [thread for thread in threading.enumerate() if thread.name == "genloom-poller"]
        async with client_of(server, pacing=slow) as client:
            assert (await client.run_poller()).running
        assert pollers


async def test_organisations_and_tokens_see_their_own_runs_alone(client_of: ClientOf) -> None:
    """The same numbers of runs in two organisations and under two tokens never get mixed up."""
    plans = [RunPlan(result=f"result {n}", polls=2) for n in range(4)]
    with CodegenServer(plans, organizations={1: "One", 2: "Two"}, tokens={"other": [2]}) as server:
        async with (
            client_of(server) as one,
            client_of(server, org_id=2) as two,
            client_of(server, org_id=2, token="other") as other,
        ):
            assert len({id(await client.run_poller()) for client in (one, two, other)}) == 3
            started = [await client.submit("make it") for client in (one, two, other)]
            done = [await client.wait(run, deadline=20) for client, run in zip((one, two, other), started, strict=True)]
            assert [run.result for run in done] == ["result 0", "result 1", "result 2"]
            with pytest.raises(UsageError):
                await one.wait(AgentRun(id=done[1].id, status="unknown"), deadline=20)


async def test_runs_beyond_the_first_page_are_found_with_few_requests(client_of: ClientOf, pace: Pacing) -> None:
    """Runs that 240 others buried: first searched for, then asked for by the page where they were last seen."""
    plan = RunPlan(polls=10**6)
    with CodegenServer(plan, clock=ServerClock()) as server, poller_of(server, pace) as poller:
        await created(server, client_of, 250)
        with poller.watch(1) as first, poller.watch(2) as second, poller.watch(5) as third:
            for changes in (first, second, third):
                assert (await anext(aiter(changes))).status == "running"
            async with asyncio.timeout(60):
                while not {"0", "243"} <= set(skipped(server)[3:]):
                    await asyncio.sleep(0.01)
            assert skipped(server)[:3] == ["0", "100", "200"]
            assert not [request for request in server.requests if "/agent/run/" in request.path]
            for number in (1, 2, 5):
                server.end_run(number, status="COMPLETE")
            for changes in (first, second, third):
                assert [run.status async for run in changes][-1] == "completed"


def skipped(server: CodegenServer) -> list[str | None]:
    """How many runs each list that was asked for leaves out."""
    return [request.query.get("skip") for request in server.requests if request.path.endswith(LISTS)]


async def test_one_buried_run_is_asked_for_by_itself(client_of: ClientOf, pace: Pacing) -> None:
    """Beside a new run, an old one costs one short request instead of pages."""
    with CodegenServer(RunPlan(polls=10**6)) as server, poller_of(server, pace) as poller:
        await created(server, client_of, 150)
        with poller.watch(1) as old, poller.watch(150) as new:
            await anext(aiter(old))
            await anext(aiter(new))
            assert {request.query.get("skip") for request in server.requests if request.path.endswith(LISTS)} == {"0"}
            assert server.count("GET", "/agent/run/1") > 0


async def test_a_number_that_does_not_exist_fails_its_own_caller(client_of: ClientOf, pace: Pacing) -> None:
    """The others go on."""
    with CodegenServer(RunPlan(polls=3)) as server, poller_of(server, pace) as poller:
        await created(server, client_of, 1)
        wrong, right = await asyncio.gather(final(poller, 99), final(poller, 1), return_exceptions=True)
        assert isinstance(wrong, UsageError)
        assert isinstance(right, AgentRun)
        assert right.status == "completed"


@pytest.mark.slow
async def test_a_poll_that_hangs_blinds_nobody(client_of: ClientOf, pace: Pacing) -> None:
    """Two lists in a row are never answered; the runs are delivered long before these requests give up."""
    lists = iter(range(10**6))

    def strike(request: RecordedRequest) -> Fault | None:
        return Fault(hang=True) if request.path.endswith(LISTS) and next(lists) in (0, 1) else None

    with CodegenServer(RunPlan(seconds=0.2), faults=strike) as server:
        async with client_of(server, timeout=300) as client:
            runs = await asyncio.gather(*(client.run(f"job {n}", deadline=60) for n in range(3)))
    assert {run.status for run in runs} == {"completed"}


async def test_a_server_that_stays_away_fails_everybody_and_later_callers_are_served(
    pace: Pacing, client_of: ClientOf
) -> None:
    """After the attempts each caller gets the last error; the poller lives on."""
    away = [True]

    def strike(request: RecordedRequest) -> Fault | None:
        return Fault(status=500) if away[0] and request.method == "GET" else None

    with CodegenServer(RunPlan(polls=1), faults=strike) as server, poller_of(server, pace) as poller:
        await created(server, client_of, 2)
        failed = await asyncio.gather(final(poller, 1), final(poller, 2), poller.find("key"), return_exceptions=True)
        assert [type(error) for error in failed] == [AgentError] * 3
        away[0] = False
        assert (await final(poller, 1)).status == "completed"


async def test_one_odd_run_in_the_list_hides_no_other(pace: Pacing, client_of: ClientOf) -> None:
    """While the list cannot be read, runs are asked for singly; who needs the list itself gets its error."""

    def strike(request: RecordedRequest) -> Fault | None:
        return Fault(body='{"items": [{"id": null}]}') if request.path.endswith(LISTS) else None

    with CodegenServer(RunPlan(polls=2), faults=strike) as server, poller_of(server, pace) as poller:
        await created(server, client_of, 3)
        runs = await asyncio.gather(*(final(poller, number) for number in (1, 2, 3)))
        assert {run.status for run in runs} == {"completed"}
        with pytest.raises(AgentError, match="documented shape"):
            await poller.find("key")


async def test_a_refused_token_fails_everybody_at_once(pace: Pacing) -> None:
    """No number of tries helps there."""
    with CodegenServer(faults=[Fault(status=403)]) as server, poller_of(server, pace) as poller:
        with pytest.raises(CredentialError):
            await poller.find("key")
        assert len(server.requests) == 1


async def test_an_idle_poller_ends_its_thread_and_begins_anew_on_demand(client_of: ClientOf, pace: Pacing) -> None:
    """Nothing is left of it: no thread, no connection, and the next caller notices nothing."""
    with CodegenServer(RunPlan(polls=2)) as server, poller_of(server, pace) as poller:
        await created(server, client_of, 2)
        for number in (1, 2):
            assert not poller.running
            assert (await final(poller, number)).status == "completed"
            assert await ended(poller)
        assert not [thread for thread in threading.enumerate() if thread.name == "genloom-poller" and poller.running]


async def test_who_stops_following_is_asked_for_no_more(client_of: ClientOf, pace: Pacing) -> None:
    """Cancelled callers and callers whose loop is gone leave the poller idle."""
    with CodegenServer(RunPlan(polls=10**6)) as server, poller_of(server, pace) as poller:
        await created(server, client_of, 2)
        waiting = asyncio.create_task(final(poller, 1))
        while not server.count("GET"):
            await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await ended(poller)

        def abandon() -> None:
            loop = asyncio.new_event_loop()
            abandoned.append(loop.create_task(final(poller, 2)))
            loop.run_until_complete(asyncio.sleep(0.05))
            loop.close()

        abandoned: list[asyncio.Task[AgentRun]] = []
        await asyncio.to_thread(abandon)
        server.end_run(2)
        assert await ended(poller)


async def test_thirty_questions_for_a_key_cost_one_list(pace: Pacing, client_of: ClientOf) -> None:
    """They are answered together by the next list, with the oldest run of the key or with none."""
    with CodegenServer() as server, poller_of(server, replace(pace, poll_first=0.2)) as poller:
        async with client_of(server) as client:
            for _ in range(2):
                await client.create_run("make it", metadata={"idempotency_key": "mine"})
        answers = await asyncio.gather(*(poller.find("mine" if n % 2 else "other") for n in range(30)))
        assert [answer and answer.id for answer in answers] == [None, 1] * 15
        assert server.count("GET") <= 2


async def test_a_list_that_was_under_way_does_not_answer_a_later_question(pace: Pacing, client_of: ClientOf) -> None:
    """What it shows was true before the question; only the next list can say no."""
    with CodegenServer(faults=[Fault(delay=0.5, after_work=True)]) as server, poller_of(server, pace) as poller:
        earlier = asyncio.create_task(poller.find("mine"))
        while not server.requests:
            await asyncio.sleep(0.01)
        async with client_of(server) as client:
            await client.create_run("make it", metadata={"idempotency_key": "mine"})
        later = await poller.find("mine")
        assert later is not None
        assert server.count("GET") == 2
        assert await earlier in (None, later)


async def test_a_key_in_the_depth_of_the_list_is_found(pace: Pacing, client_of: ClientOf) -> None:
    """The newest page alone does not show it."""
    with CodegenServer() as server, poller_of(server, pace) as poller:
        async with client_of(server) as client:
            await client.create_run("make it", metadata={"idempotency_key": "mine"})
        await created(server, client_of, 210)
        assert await poller.find("mine") is None
        found = await poller.find("mine", deep=True)
        assert found is not None
        assert found.id == 1


async def test_a_nudge_brings_the_next_look_forward(client_of: ClientOf, pace: Pacing) -> None:
    """Somebody heard of the end: the run is delivered, although the next poll was an hour away."""
    patient = replace(pace, poll_first=3600.0, poll_cap=3600.0)
    with CodegenServer(RunPlan(polls=10**6)) as server, poller_of(server, patient) as poller:
        await created(server, client_of, 1)
        with poller.watch(1, at_once=True) as changes:
            assert (await anext(aiter(changes))).status == "running"
            server.end_run(1, status="COMPLETE")
            poller.nudge(7)
            poller.nudge(1)
            async with asyncio.timeout(30):
                assert [run.status async for run in changes] == ["completed"]
        assert server.count("GET") == 2


async def test_changes_come_once_each_and_troubles_are_told(client_of: ClientOf, pace: Pacing) -> None:
    """A second caller of the same run sees where it stands at once; failures of a poll are told to both."""
    faults: list[Fault | None] = [None, None, Fault(status=503)]
    plan = RunPlan(seconds=20, before="QUEUED", steps=((10, "RUNNING"),))
    clock = ManualClock()
    with CodegenServer(plan, faults=faults, clock=clock) as server, poller_of(server, pace) as poller:
        await created(server, client_of, 1)
        told: list[str] = []
        with poller.watch(1, at_once=True, on_trouble=lambda error, wait: told.append(error.kind)) as changes:
            assert (await anext(aiter(changes))).status == "queued"
            with poller.watch(1) as second:
                assert (await anext(aiter(second))).status == "queued"
            clock.advance(15)
            assert (await anext(aiter(changes))).status == "running"
            clock.advance(15)
            assert [run.status async for run in changes] == ["completed"]
        assert told == ["server"]
