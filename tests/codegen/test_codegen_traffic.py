"""Traffic: requests from many loops and threads under one account's limits, and a server that is left alone."""

from __future__ import annotations

import asyncio
import threading

import pytest

from genloom.errors import AgentError
from genloom.testing import CodegenServer, Fault
from genloom.testing.codegen import RateLimit
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.http.failures import UnsentError
from genloom.tools.codegen.traffic import UNLIMITED, Breaker, GuardedServer, Limits, Rate, SlidingWindow, Traffic
from genloom.tools.codegen.traffic.lane import Lane

LISTS, CREATES = "/v1/organizations/1/agent/runs", "/v1/organizations/1/agent/run"


def traffic(limits: Limits = UNLIMITED, **options: float) -> Traffic:
    return Traffic(limits, GuardedServer(Breaker(failures=3, pause=0.2)), **options)


async def test_threads_and_loops_share_one_window() -> None:
    """Four threads with loops of their own never start more than the rate in any stretch of its time."""
    lane = Lane(SlidingWindow(Rate(5, 0.2)))
    moments: list[tuple[float, float]] = []

    async def request() -> None:
        await lane.enter(0)
        started = asyncio.get_running_loop().time()
        await asyncio.sleep(0.01)
        moments.append((started, asyncio.get_running_loop().time()))
        lane.end()

    async def several() -> None:
        await asyncio.gather(*(request() for _ in range(5)))

    threads = [threading.Thread(target=asyncio.run, args=(several(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    moments.sort()
    assert len(moments) == 20
    assert all(later[0] - earlier[1] >= 0.2 for earlier, later in zip(moments, moments[5:], strict=False))


async def test_a_cancelled_waiter_holds_nobody_up() -> None:
    """It leaves the queue, and the place that it would have had goes to the next."""
    lane = Lane(SlidingWindow(Rate(1, 0.0)))
    await lane.enter(0)
    waiters = [asyncio.create_task(lane.enter(0)) for _ in range(3)]
    await asyncio.sleep(0)
    waiters[0].cancel()
    await asyncio.gather(waiters[0], return_exceptions=True)
    assert lane.waiting == 2
    lane.end()
    await waiters[1]
    assert not waiters[2].done()
    waiters[2].cancel()
    await asyncio.gather(waiters[2], return_exceptions=True)
    lane.end()
    assert lane.waiting == 0
    await asyncio.wait_for(lane.enter(0), 5)


async def test_a_waiter_whose_loop_was_closed_holds_nobody_up() -> None:
    """A loop that ends without cancelling its tasks takes its turn along."""
    lane = Lane(SlidingWindow(Rate(1, 0.0)))
    await lane.enter(0)

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(lane.enter(0))
        loop.run_until_complete(asyncio.sleep(0.01))
        abandoned.append(task)
        loop.close()

    abandoned: list[asyncio.Task[None]] = []
    await asyncio.to_thread(abandon)
    following = asyncio.create_task(lane.enter(0))
    await asyncio.sleep(0)
    lane.end()
    await asyncio.wait_for(following, 5)


async def test_a_waiter_whose_loop_stands_still_loses_its_turn() -> None:
    """A loop that was stopped and never closed is passed over after a while; should it run again, it waits anew."""
    lane = Lane(SlidingWindow(Rate(1, 0.0)), patience=0.1)
    await lane.enter(0)
    loop = asyncio.new_event_loop()
    stopped = loop.create_task(lane.enter(0))
    await asyncio.to_thread(loop.run_until_complete, asyncio.sleep(0.01))
    following = asyncio.create_task(lane.enter(0))
    await asyncio.sleep(0)
    lane.end()
    await asyncio.wait_for(following, 10)
    assert not stopped.done()
    lane.end()
    await asyncio.to_thread(loop.run_until_complete, asyncio.wait_for(stopped, 10))
    loop.close()


async def test_creation_goes_before_the_rest() -> None:
    """Of what waits for a free connection, creation goes first, then the list, then single looks."""
    shared = traffic(Limits(general=None, creation=None, at_once=1))
    order: list[str] = []
    hold = asyncio.Event()

    async def request(method: str, path: str, name: str) -> None:
        async with shared.permit(method, path):
            order.append(name)
            if name == "first":
                await hold.wait()

    asked = [("GET", CREATES + "/1", "first"), ("GET", CREATES + "/2", "look"), ("GET", LISTS, "list")]
    tasks = [asyncio.create_task(request(*one)) for one in [*asked, ("POST", CREATES, "create")]]
    for _ in range(50):  # each comes as far as it can
        await asyncio.sleep(0)
    hold.set()
    await asyncio.gather(*tasks)
    assert order == ["first", "create", "list", "look"]


async def test_a_refusal_pauses_its_class_alone() -> None:
    """`Retry-After` is kept to, up to its bound; other classes go on."""
    shared = traffic(retry_after_cap=0.6)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(AgentError):
        async with shared.permit("POST", CREATES):
            raise AgentError("no", kind="rate_limit", status=429, retry_after=1_000.0)
    async with shared.permit("GET", LISTS):
        assert loop.time() - began < 0.6
    async with shared.permit("POST", CREATES):
        assert loop.time() - began >= 0.55


async def test_a_server_that_keeps_failing_is_left_alone_and_tried_with_one_request() -> None:
    """Three failures open the circuit; then requests fail at once, unsent, until one probe finds the server well."""
    shared = traffic()
    for _ in range(3):
        with pytest.raises(AgentError, match="down"):
            async with shared.permit("GET", LISTS):
                raise AgentError("down", kind="server", status=500)
    with pytest.raises(UnsentError, match="left alone") as alone:
        async with shared.permit("GET", LISTS):
            pytest.fail("nothing may be sent")
    assert "down" in alone.value.message  # why it is left alone
    assert alone.value.retry_after is not None
    await asyncio.sleep(alone.value.retry_after)
    async with shared.permit("GET", LISTS):
        with pytest.raises(UnsentError):
            async with shared.permit("POST", CREATES):
                pytest.fail("only the probe may be sent")
    async with shared.permit("GET", LISTS):
        pass


async def test_a_cancelled_probe_makes_room_for_another() -> None:
    """A probe whose caller went away does not leave the server alone for ever."""
    shared = traffic()
    for _ in range(3):
        with pytest.raises(AgentError):
            async with shared.permit("GET", LISTS):
                raise AgentError("down", kind="connection")
    await asyncio.sleep(0.25)
    with pytest.raises(asyncio.CancelledError):
        async with shared.permit("GET", LISTS):
            raise asyncio.CancelledError
    async with shared.permit("GET", LISTS):
        pass


async def test_the_server_never_refuses_clients_that_keep_its_limits() -> None:
    """Three clients of one account, in three loops, ask as fast as they may: no 429."""
    limits = Limits(general=Rate(6, 0.4), creation=Rate(2, 0.4))
    served = {"general": RateLimit(6, 0.4), "create": RateLimit(2, 0.4)}
    pacing = Pacing(limits=limits)
    with CodegenServer(limits=served) as server:

        async def ask() -> None:
            async with AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url, pacing=pacing) as client:
                await asyncio.gather(*(client.list_runs() for _ in range(6)), client.create_run("make it"))

        await asyncio.gather(*(asyncio.to_thread(asyncio.run, ask()) for _ in range(3)))
        assert server.statuses == {200: 21}


async def test_unlike_tokens_and_servers_share_nothing() -> None:
    """One account's full window holds up no other."""
    pacing = Pacing(limits=Limits(general=Rate(1, 60.0)))
    with CodegenServer(tokens={"other": [1]}) as server, CodegenServer(token=server.token) as second:
        for token, base_url in (
            (server.token, server.base_url),
            ("other", server.base_url),
            (server.token, second.base_url),
        ):
            async with AsyncCodegen(token=token, org_id=1, base_url=base_url, pacing=pacing) as client:
                await asyncio.wait_for(client.list_runs(), 10)
        async with AsyncCodegen(token="other", org_id=1, base_url=server.base_url, pacing=pacing) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.list_runs(), 0.1)


async def test_refusals_without_a_time_are_waited_out(pace: Pacing) -> None:
    """A burst of 429 without `Retry-After` delays the run and never ends it."""
    with CodegenServer(faults=[Fault(status=429)] * 3) as server:
        async with AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url, pacing=pace) as client:
            run = await client.run("make it", deadline=20)
    assert run.status == "completed"
    assert len(server.runs) == 1


def test_windows_count_from_the_end() -> None:
    """Documented once in numbers: a request from 0 to 5 s holds its place until 35 s."""
    window = SlidingWindow(Rate(1, 30.0))
    window.take()
    window.end(5.0)
    waits = [window.wait(now) for now in (5.0, 30.0, 34.0, 35.0)]
    assert waits == [30.0, 5.0, 1.0, 0.0]
