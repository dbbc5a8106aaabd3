"""The client against a loopback server of the API: one run, whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace

import pytest

from genloom.errors import AgentError, CredentialError, GenloomError, UsageError
from genloom.events import AgentProgress, Event
from genloom.testing import CodegenServer, Fault, RecordedRequest, RunPlan
from genloom.tools.codegen import Agent, AsyncCodegen, Pacing
from genloom.tools.codegen.traffic import UNLIMITED

ClientOf = Callable[..., AsyncCodegen]

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
async def test_a_lost_create_gives_exactly_one_run(fault: Fault, client_of: ClientOf) -> None:
    """Whatever befalls the create and the first look, one run is delivered and one stands at the server."""
    faults = {("POST", 1): fault, ("GET", 2): fault}
    seen = {"POST": 0, "GET": 0}

    def strike(request: RecordedRequest) -> Fault | None:
        seen[request.method] += 1
        return faults.get((request.method, seen[request.method]))

    with CodegenServer(RunPlan(result="x = 1", polls=3), faults=strike) as server:
        async with client_of(server, timeout=0.5) as client:
            run = await client.run("make it", idempotency_key="key-1", deadline=20)
        assert (run.status, run.result, run.idempotency_key) == ("completed", "x = 1", "key-1")
        assert [served.idempotency_key for served in server.runs] == ["key-1"]


async def test_a_create_that_commits_late_is_found_before_it_is_repeated(client_of: ClientOf) -> None:
    """A server that still works on a create when the client gave it up is looked at several times."""
    pacing = Pacing(poll_first=0.01, retry_base=0.01, settle=(0.0, 0.2, 0.4), attempts=5)
    with CodegenServer(faults=[Fault(delay=0.5)]) as server:
        async with client_of(server, timeout=0.3, pacing=pacing) as client:
            run = await client.run("make it", deadline=20)
        assert run.status == "completed"
        assert server.count("POST") == 1
        assert len(server.runs) == 1


async def test_a_known_key_gives_the_run_that_carries_it(client_of: ClientOf) -> None:
    """Submitting a key again, also past the first page of the list, starts nothing."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            first = await client.submit("make it", idempotency_key="mine")
            for number in range(105):
                await client.create_run(f"other {number}", metadata={"n": number})
            again = await client.submit("make it", idempotency_key="mine")
            assert await client.find_run("not there") is None
        assert again.id == first.id
        assert len(server.runs) == 106


async def test_many_faults_lose_and_double_nothing(client_of: ClientOf, pace: Pacing) -> None:
    """Thirty runs at once with every third request going wrong in turn: each is delivered, each stands there once."""
    kinds = [LOST[name] for name in ("500 after", "cut before", "cut after", "429", "truncated after", "null after")]
    asked = iter(range(1_000_000))

    def strike(request: RecordedRequest) -> Fault | None:
        number = next(asked)
        return kinds[number // 3 % len(kinds)] if number % 3 == 0 else None

    pacing = replace(pace, poll_cap=0.05, retry_cap=0.05, settle=(0.0, 0.02), attempts=20)
    with CodegenServer(RunPlan(polls=2), faults=strike) as server:
        async with client_of(server, pacing=pacing) as client:
            runs = await asyncio.gather(*(client.run(f"job {n}", idempotency_key=f"k{n}") for n in range(30)))
        assert {run.status for run in runs} == {"completed"}
        assert sorted(served.idempotency_key for served in server.runs) == sorted(f"k{n}" for n in range(30))


REFUSED = {
    "401": (Fault(status=401), CredentialError, 0),
    "402": (Fault(status=402, body='{"message": "Plan used up", "status_code": 402}'), AgentError, 0),
    "403": (Fault(status=403), CredentialError, 0),
    "404": (Fault(status=404), UsageError, 0),
    "422": (Fault(status=422), UsageError, 0),
    "redirect": (Fault(status=307, headers={"Location": "http://127.0.0.1:9/v1"}), AgentError, 0),
}


@pytest.mark.parametrize(("fault", "kind", "runs"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_is_raised_at_once(
    fault: Fault, kind: type[GenloomError], runs: int, client_of: ClientOf
) -> None:
    """What trying again cannot help is asked once, and raised with what to do next."""
    with CodegenServer(faults=[fault]) as server:
        async with client_of(server) as client:
            with pytest.raises(kind) as caught:
                await client.run("make it")
        assert server.count("POST") == 1
        assert len(server.runs) == runs
        assert caught.value.hint
        assert server.token not in f"{caught.value!r} {caught.value.message} {client!r}"


async def test_neither_debug_logs_nor_tracebacks_hold_the_token(
    client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger at its chattiest and the whole chain of causes printed, the token is nowhere."""
    caplog.set_level(logging.DEBUG)
    with CodegenServer(faults=[Fault(cut=True)]) as server:
        async with client_of(server) as client:
            with pytest.raises(AgentError) as caught:
                await client.get_run(1)
        shown = "".join(traceback.format_exception(caught.value))
        assert "RemoteProtocolError" in shown
        assert caplog.text
        assert server.token not in shown + caplog.text


async def test_an_answer_without_end_is_cut_off(client_of: ClientOf) -> None:
    """More bytes than any run can have end as a typed error instead of filling the memory."""
    with CodegenServer(faults=[Fault(body=" " * (17 * 1024 * 1024))]) as server:
        async with client_of(server) as client:
            with pytest.raises(AgentError, match="longer than") as caught:
                await client.get_run(1)
    assert caught.value.kind == "malformed"


async def test_a_redirect_never_takes_the_token_along(client_of: ClientOf) -> None:
    """The other host is not asked at all."""
    with (
        CodegenServer() as other,
        CodegenServer(faults=[Fault(status=302, headers={"Location": other.base_url})]) as server,
    ):
        async with client_of(server) as client:
            with pytest.raises(AgentError, match="redirects"):
                await client.get_run(1)
        assert other.requests == ()


async def test_a_server_that_is_away_ends_in_bounded_tries(client_of: ClientOf) -> None:
    """Nothing listening is a connection error after the attempts, and says where it looked."""
    with CodegenServer() as server:
        client = client_of(server)
    async with client:
        with pytest.raises(AgentError, match="no connection") as caught:
            await client.run("make it")
    assert caught.value.kind == "connection"


async def test_a_deadline_gives_the_run_back_findable(client_of: ClientOf) -> None:
    """After the deadline the run has status `timeout` and its raw status, and can be waited for again."""
    with CodegenServer(RunPlan(seconds=0.6, result="late")) as server:
        async with client_of(server) as client:
            run = await client.run("make it", deadline=0.2)
            assert (run.status, run.raw_status, run.id) == ("timeout", "ACTIVE", 1)
            done = await client.wait(run, deadline=20)
    assert (done.status, done.result) == ("completed", "late")


async def test_a_deadline_before_the_create_is_answered_names_the_key(client_of: ClientOf) -> None:
    """When not even the number is known, the error says how the run is found, and it is."""
    with CodegenServer(faults=[None, Fault(delay=30.0, after_work=True)]) as server:
        async with client_of(server) as client:
            with pytest.raises(AgentError, match="could not be started") as caught:
                await client.run("make it", idempotency_key="mine", deadline=0.3)
            assert "mine" in caught.value.hint
            assert (await client.submit("make it", idempotency_key="mine", deadline=20)).id == 1
        assert len(server.runs) == 1


async def test_a_deadline_before_the_start_says_what_went_wrong(client_of: ClientOf) -> None:
    """An address that answers with web pages is named as such, and not only the time that was spent on it."""
    page = Fault(status=200, headers={"content-type": "text/html"}, body="<html>hello</html>")
    with CodegenServer(faults=lambda _: page) as server:
        async with client_of(server, pacing=None) as client:
            with pytest.raises(AgentError, match="web page") as caught:
                await client.run("make it", idempotency_key="mine", deadline=1)
    assert caught.value.kind == "timeout"
    assert "CODEGEN_API_BASE_URL" in caught.value.hint
    assert "mine" in caught.value.hint


async def test_a_run_can_be_waited_for_by_its_number(client_of: ClientOf) -> None:
    """Whoever kept nothing but the number gets the run as it ends."""
    with CodegenServer(RunPlan(polls=2, result="late")) as server:
        async with client_of(server) as client:
            number = (await client.submit("make it", deadline=20)).id
            run = await client.wait(number, deadline=20)
    assert (run.id, run.status, run.result) == (number, "completed", "late")


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


async def test_cancelling_leaves_no_task_and_no_connection_behind(client_of: ClientOf) -> None:
    """A cancelled wait ends at once, and nothing goes on asking the server."""
    with CodegenServer(RunPlan(seconds=60)) as server:
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


async def test_the_prompt_leaves_redacted_and_whole_otherwise(client_of: ClientOf) -> None:
    """The client's own token never reaches the server inside a prompt."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            await client.create_run(f"use {server.token} to add 1 + 1", repo_id=7, model="m")
        asked = server.runs[0].asked
    assert server.token not in asked.prompt
    assert "to add 1 + 1" in asked.prompt
    assert (asked.repo_id, asked.model) == (7, "m")


@pytest.mark.parametrize(
    "options", [{"prompt": "  "}, {"prompt": "x" * 400_001}, {"images": ["http://x"]}, {"images": ["data:"] * 11}]
)
async def test_what_is_too_much_is_not_sent(options: dict[str, object], client_of: ClientOf) -> None:
    """Empty and over-long prompts and odd images are refused here, without a request."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            with pytest.raises(UsageError):
                await client.create_run(**{"prompt": "make it", **options})  # type: ignore[arg-type]  # wrong on purpose
        assert server.requests == ()


async def test_the_only_organisation_is_found_and_several_are_never_guessed(client_of: ClientOf) -> None:
    """Without an organisation the token's only one is used; of two none is."""
    with CodegenServer(organizations={42: "Only"}) as server:
        async with client_of(server, org_id=None) as client:
            await client.run("make it")
        assert server.runs[0].org_id == 42
    with CodegenServer(organizations={1: "One", 2: "Two"}) as server:
        async with client_of(server, org_id=None) as client:
            with pytest.raises(UsageError, match=r"1 \(One\), 2 \(Two\)"):
                await client.run("make it")
        assert server.runs == ()


@pytest.mark.parametrize("token", ["", "with blank", "two\nlines", "ünicode", "x" * 5000])
def test_an_unusable_token_is_refused_without_showing_it(token: str) -> None:
    """A token that no header can carry is refused before it could end in another library's error."""
    with pytest.raises(CredentialError) as caught:
        AsyncCodegen(token=token, org_id=1)
    assert not token or token not in f"{caught.value!r}{caught.value.hint}"


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "https://user:pw@host", "https://h/?q=1", "http://h:99999", "x"]
)
def test_an_unusable_address_is_refused_without_showing_it(url: str) -> None:
    """An address with a password, a query or no host is refused, and the message repeats none of it."""
    with pytest.raises(UsageError) as caught:
        AsyncCodegen(token="t", org_id=1, base_url=url)
    assert "pw" not in caught.value.message


async def test_unknown_fields_are_kept(client_of: ClientOf) -> None:
    """What the documents do not name stays on the typed model."""
    body = '{"id": 9, "organization_id": 1, "status": "odd", "brand_new": {"a": 1}}'
    with CodegenServer(faults=[Fault(body=body)]) as server:
        async with client_of(server) as client:
            run = await client.get_run(9)
    assert run.status == "odd"
    assert run.model_extra == {"brand_new": {"a": 1}}


async def test_a_client_that_is_not_open_says_so(client_of: ClientOf) -> None:
    """Forgetting `async with` is told as such."""
    with CodegenServer() as server, pytest.raises(UsageError, match="not open"):
        await client_of(server).get_run(1)


async def test_a_lost_create_is_found_behind_hundreds_of_newer_runs(client_of: ClientOf) -> None:
    """A create whose answer was lost is looked for as far back as it may stand, however many came after it."""
    lost: list[RecordedRequest] = []

    def strike(request: RecordedRequest) -> Fault | None:
        if request.method == "POST" and b"victim" in request.body and not lost:
            lost.append(request)
            return Fault(cut=True, after_work=True)
        return Fault(status=500) if lost and request.method == "GET" and len(server.runs) < 700 else None

    pacing = Pacing(
        poll_first=0.01, retry_base=0.01, retry_cap=0.02, settle=(0.0, 0.02), attempts=500, limits=UNLIMITED
    )
    with CodegenServer(faults=strike) as server:
        async with client_of(server, pacing=pacing) as client:
            await client.create_run("an older one")
            await (await client.run_poller()).find("nothing")
            victim = asyncio.create_task(client.submit("victim", deadline=60))
            while not lost:
                await asyncio.sleep(0.01)
            await asyncio.gather(*(client.create_run(f"other {number}") for number in range(700)))
            assert (await victim).id == 2
        assert server.count("POST") == 702


async def test_one_key_submitted_at_once_is_one_run(client_of: ClientOf) -> None:
    """However many ask with the same key at the same time, one creates; one that is cancelled holds up nobody."""
    with CodegenServer(
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


async def test_a_key_that_was_just_made_is_not_looked_for(client_of: ClientOf) -> None:
    """A batch without a name has new keys: each of its prompts costs a create, and no look through the list."""
    with CodegenServer(RunPlan(polls=0)) as server:
        async with client_of(server) as client:
            (item,) = await client.batch(["make it"])
            assert item.completed
        assert server.requests[0].method == "POST"


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


async def test_known_secrets_leave_neither_in_the_prompt_nor_in_metadata(
    client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values that look like nothing are cut out when the settings name them; the key itself stays."""
    monkeypatch.setenv("GITHUB_TOKEN", "anotherplainvalue")
    with CodegenServer() as server:
        async with client_of(server) as client:
            await client.submit(
                "use anotherplainvalue",
                idempotency_key="a" * 40,
                metadata={"note": f"{server.token} anotherplainvalue"},
            )
            with pytest.raises(UsageError, match="secret"):
                await client.submit("make it", idempotency_key=f"my-{server.token}")
        asked = server.runs[0].asked
    assert "anotherplainvalue" not in asked.prompt
    assert asked.metadata is not None
    assert asked.metadata["idempotency_key"] == "a" * 40
    assert not any(secret in asked.metadata["note"] for secret in (server.token, "anotherplainvalue"))


def test_an_empty_argument_is_refused_and_not_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty token or address is a mistake: the environment's may be another account's."""
    monkeypatch.setenv("CODEGEN_API_TOKEN", "another-accounts-token")
    with pytest.raises(CredentialError):
        AsyncCodegen(token="", org_id=1)
    with pytest.raises(UsageError):
        AsyncCodegen(token="mine", org_id=1, base_url="")


async def test_the_organisation_is_asked_for_within_the_deadline(client_of: ClientOf) -> None:
    """A server that hangs before it is known whose runs these are does not outlast the deadline."""
    loop = asyncio.get_running_loop()
    with CodegenServer(faults=lambda _: Fault(delay=30.0)) as server:
        async with client_of(server, org_id=None) as client:
            with pytest.raises(AgentError) as caught:
                await client.organization(deadline=0.2)
        agent = Agent(server.token, None, server.base_url)
        began = loop.time()
        with pytest.raises(AgentError):
            await asyncio.to_thread(agent.run, "make it", deadline=0.2)
    assert caught.value.kind == "timeout"
    assert loop.time() - began < 15


async def test_clients_of_one_account_share_one_poll(client_of: ClientOf) -> None:
    """Whether the organisation was given or asked for, and whatever time limit each has."""
    with CodegenServer() as server:
        async with client_of(server) as one, client_of(server, org_id=None, timeout=5.0) as two:
            assert await one.run_poller() is await two.run_poller()


async def test_each_waiter_gets_an_error_of_its_own(client_of: ClientOf) -> None:
    """One failure for many is the same message in different objects."""
    with CodegenServer(RunPlan(seconds=60)) as server:
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
