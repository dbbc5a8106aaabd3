"""Starting a run once, whatever goes wrong between here and the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from genloom.errors import AgentError
from genloom.testing import CodegenServer, Fault, RecordedRequest, RunPlan
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.traffic import UNLIMITED

ClientOf = Callable[..., AsyncCodegen]
ServerOf = Callable[..., CodegenServer]


LOST = {
    "500 before": Fault(status=500),
    "500 after": Fault(status=500, after_work=True),
    "503 with retry-after": Fault(status=503, headers={"Retry-After": "1"}),
    "504 after": Fault(status=504, after_work=True),
    "429": Fault(status=429),
    "429 with retry-after": Fault(status=429, headers={"Retry-After": "1"}),
    "429 with a date": Fault(status=429, headers={"Retry-After": "Fri, 01 Jan 2038 00:00:00 GMT"}),
    "cut before": Fault(cut=True),
    "cut after": Fault(cut=True, after_work=True),
    "hang before": Fault(delay=5.0, cut=True),
    "hang after": Fault(delay=5.0, after_work=True),
    "truncated after": Fault(truncate=True, after_work=True),
    "html after": Fault(body="<html>login</html>", after_work=True),
    "html before": Fault(body="<html>login</html>"),
    "null after": Fault(body="null", after_work=True),
    "bad json": Fault(body='{"id": 1', after_work=True),
    "wrong shape": Fault(body='{"id": "x"}', after_work=True),
    "deep": Fault(body="[" * 100_000, after_work=True),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_a_lost_create_gives_exactly_one_run(fault: Fault, server_of: ServerOf, client_of: ClientOf) -> None:
    """Whatever befalls the create and the first look, one run is delivered and one stands at the server."""
    faults = {("POST", 1): fault, ("GET", 2): fault}
    seen = {"POST": 0, "GET": 0}

    def strike(request: RecordedRequest) -> Fault | None:
        seen[request.method] += 1
        return faults.get((request.method, seen[request.method]))

    with server_of(RunPlan(result="x = 1", polls=3), faults=strike) as server:
        async with client_of(server, timeout=0.5) as client:
            run = await client.run("make it", idempotency_key="key-1", deadline=20)
        assert (run.status, run.result[:5], run.idempotency_key) == ("completed", "x = 1", "key-1")
        assert [served.idempotency_key for served in server.runs] == ["key-1"]


async def test_a_create_that_commits_late_is_found_before_it_is_repeated(
    server_of: ServerOf, client_of: ClientOf
) -> None:
    """A server that still works on a create when the client gave it up is looked at several times."""
    pacing = Pacing(poll_first=0.01, retry_base=0.01, settle=(0.0, 0.2, 0.4, 1.0, 2.0), attempts=9)
    with server_of(faults=[Fault(delay=0.5)]) as server:
        async with client_of(server, timeout=0.3, pacing=pacing) as client:
            run = await client.run("make it", deadline=20)
        assert run.status == "completed"
        assert server.count("POST") == 1
        assert len(server.runs) == 1


async def test_a_lost_create_is_found_behind_hundreds_of_newer_runs(server_of: ServerOf, client_of: ClientOf) -> None:
    """A create whose answer was lost is looked for as far back as it may stand, however many came after it."""
    lost: list[RecordedRequest] = []

    def strike(request: RecordedRequest) -> Fault | None:
        if request.method == "POST" and b"victim" in request.body and not lost:
            lost.append(request)
            return Fault(cut=True, after_work=True)
        return Fault(status=500) if lost and request.method == "GET" and len(server.runs) < 520 else None

    pacing = Pacing(
        poll_first=0.01, retry_base=0.01, retry_cap=0.02, settle=(0.0, 0.02), attempts=500, limits=UNLIMITED
    )
    with server_of(faults=strike) as server:
        async with client_of(server, pacing=pacing) as client:
            await client.create_run("an older one")
            await (await client.run_poller()).find("nothing")
            victim = asyncio.create_task(client.submit("victim", deadline=60))
            while not lost:
                await asyncio.sleep(0.01)
            await asyncio.gather(*(client.create_run(f"other {number}") for number in range(520)))
            assert (await victim).id == 2
        assert server.count("POST") == 522


async def test_a_known_key_gives_the_run_that_carries_it(server_of: ServerOf, client_of: ClientOf) -> None:
    """Submitting a key again, also past the first page of the list, starts nothing."""
    with server_of() as server:
        async with client_of(server) as client:
            first = await client.submit("make it", idempotency_key="mine")
            for number in range(105):
                await client.create_run(f"other {number}", metadata={"n": number})
            again = await client.submit("make it", idempotency_key="mine")
            assert await client.find_run("not there") is None
        assert again.id == first.id
        assert len(server.runs) == 106


async def test_one_key_submitted_at_once_is_one_run(server_of: ServerOf, client_of: ClientOf) -> None:
    """However many ask with the same key at the same time, one creates; one that is cancelled holds up nobody."""
    with server_of(
        faults=lambda request: Fault(delay=0.2, after_work=True) if request.method == "POST" else None
    ) as server:
        async with client_of(server) as client, client_of(server) as other:
            gone = asyncio.create_task(client.submit("make it", idempotency_key="mine"))
            while not server.count("POST"):
                await asyncio.sleep(0.01)
            rest = [asyncio.create_task(each.submit("make it", idempotency_key="mine")) for each in (client, other) * 2]
            await asyncio.sleep(0.05)
            gone.cancel()
            runs = await asyncio.wait_for(asyncio.gather(*rest), 20)
        assert {run.id for run in runs} == {1}
        assert len(server.runs) == 1


async def test_a_key_that_was_just_made_is_not_looked_for(server_of: ServerOf, client_of: ClientOf) -> None:
    """A batch without a name has new keys: each of its prompts costs a create, and no look through the list."""
    with server_of(RunPlan(polls=0)) as server:
        async with client_of(server) as client:
            (item,) = await client.batch(["make it"])
            assert item.completed
        assert server.requests[0].method == "POST"


async def test_many_faults_lose_and_double_nothing(server_of: ServerOf, client_of: ClientOf, pace: Pacing) -> None:
    """Thirty runs at once with every third request going wrong in turn: each is delivered, each stands there once."""
    kinds = [LOST[name] for name in ("500 after", "cut before", "cut after", "429", "truncated after", "null after")]
    asked = iter(range(1_000_000))

    def strike(request: RecordedRequest) -> Fault | None:
        number = next(asked)
        return kinds[number // 3 % len(kinds)] if number % 3 == 0 else None

    pacing = replace(pace, poll_cap=0.05, retry_cap=0.05, settle=(0.0, 0.02), attempts=20)
    with server_of(RunPlan(polls=2), faults=strike) as server:
        async with client_of(server, pacing=pacing) as client:
            runs = await asyncio.gather(*(client.run(f"job {n}", idempotency_key=f"k{n}") for n in range(30)))
        assert {run.status for run in runs} == {"completed"}
        assert sorted(served.idempotency_key for served in server.runs) == sorted(f"k{n}" for n in range(30))


async def test_a_server_that_is_away_ends_in_bounded_tries(client_of: ClientOf) -> None:
    """Nothing listening is a connection error after the attempts, and says where it looked."""
    with CodegenServer() as server:
        client = client_of(server)
    async with client:
        with pytest.raises(AgentError, match="no connection") as caught:
            await client.run("make it")
    assert caught.value.kind == "connection"


async def test_a_deadline_before_the_create_is_answered_names_the_key(server_of: ServerOf, client_of: ClientOf) -> None:
    """When not even the number is known, the error says how the run is found, and it is."""
    with server_of(faults=[None, Fault(delay=30.0, after_work=True)]) as server:
        async with client_of(server) as client:
            with pytest.raises(AgentError, match="could not be started") as caught:
                await client.run("make it", idempotency_key="mine", deadline=1.0)
            assert "mine" in caught.value.hint
            assert (await client.submit("make it", idempotency_key="mine", deadline=20)).id == 1
        assert len(server.runs) == 1


async def test_a_deadline_before_the_start_says_what_went_wrong(server_of: ServerOf, client_of: ClientOf) -> None:
    """An address that answers with web pages is named as such, and not only the time that was spent on it."""
    page = Fault(status=200, headers={"content-type": "text/html"}, body="<html>hello</html>")
    with server_of(faults=lambda _: page) as server:
        async with client_of(server, pacing=None) as client:
            with pytest.raises(AgentError, match="web page") as caught:
                await client.run("make it", idempotency_key="mine", deadline=1)
    assert caught.value.kind == "timeout"
    assert "CODEGEN_API_BASE_URL" in caught.value.hint
    assert "mine" in caught.value.hint


async def test_every_way_to_run_takes_repository_model_and_images(client_of: ClientOf) -> None:
    """`run` and `run_stream` send on what `submit` takes."""
    image = "data:image/png;base64,AAAA"
    with CodegenServer(RunPlan(polls=1)) as server:
        async with client_of(server) as client:
            await client.run("make it", repo_id=7, model="m", images=[image], deadline=20)
            async for _ in client.run_stream("make it", repo_id=7, model="m", images=[image], deadline=20):
                pass
        sent = [request.json() for request in server.requests if request.method == "POST"]
    assert [(each["repo_id"], each["model"], each["images"]) for each in sent] == [(7, "m", [image])] * 2
