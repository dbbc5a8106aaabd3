"""The loopback server of the Codegen API as a rig: limits, clocks, faults, runs that change, webhooks, load."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from genloom.testing import (
    DOCUMENTED_LIMITS,
    TRANSIENT_FAULTS,
    CodegenServer,
    Fault,
    FaultRate,
    ManualClock,
    RateLimit,
    RecordedRequest,
    RunPlan,
    ServerClock,
)
from genloom.testing.codegen.limits import RequestWindows
from genloom.testing.loopback import Answer, LoopbackServer
from genloom.tools.codegen import wire
from genloom.tools.codegen.signature import SIGNATURE_HEADER, SignatureCheck

ORG = "/v1/organizations/1"
RUN = f"{ORG}/agent/run"
LOGS = "/v1/alpha/organizations/1/agent/run/1/logs"


def open_client(server: CodegenServer, token: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token or server.token}"}
    return httpx.Client(base_url=server.base_url, headers=headers, timeout=60)


def create(client: httpx.Client, **fields: Any) -> httpx.Response:
    return client.post(RUN, json={"prompt": "p", **fields})


def test_documented_limits_hold_by_class_and_token() -> None:
    """The eleventh create in a minute gets the documented 429, whatever else is asked, until the minute is over."""
    clock = ManualClock()
    server = CodegenServer(limits=DOCUMENTED_LIMITS, clock=clock, tokens={"other": [1]})
    with server, open_client(server) as client, open_client(server, "other") as other:
        statuses = [create(client).status_code for _ in range(12)]
        refused = create(client)
        assert create(other).status_code == 200
        assert Counter(client.get(f"{ORG}/agent/runs").status_code for _ in range(61)) == {200: 60, 429: 1}
        assert client.get(LOGS).status_code == 200
        clock.advance(59.9)
        assert create(client).status_code == 429
        clock.advance(0.2)
        assert create(client).status_code == 200
    assert statuses == [200] * 10 + [429] * 2
    assert refused.json() == {"message": "Rate limit exceeded. Please try again later.", "status_code": 429}
    assert "retry-after" not in refused.headers
    assert server.kinds == {"create": 16, "general": 61, "logs": 1}
    assert server.statuses == {200: 73, 429: 5}
    assert len(server.runs) == 12


def test_a_refusal_can_tell_when_to_come_back() -> None:
    """`Retry-After` is in whole seconds, never too early."""
    limits = {"general": RateLimit(1, 2.5)}
    server = CodegenServer(limits=limits, tells_retry_after=True, clock=ManualClock())
    with server, open_client(server) as client:
        answers = [client.get("/v1/users/me") for _ in range(2)]
    assert answers[1].headers["retry-after"] == "3"


@given(
    requests=st.integers(1, 4),
    seconds=st.integers(1, 8),
    steps=st.lists(st.integers(0, 4), max_size=60),
)
def test_windows_agree_with_counting(requests: int, seconds: int, steps: list[int]) -> None:
    """A request passes exactly when fewer than the limit passed in the seconds before it; a told wait is the shortest."""
    windows, passed, now = RequestWindows({"k": RateLimit(requests, seconds)}), [], 0
    for step in steps:
        now += step
        recent = [at for at in passed if at > now - seconds]
        wait = windows.admit("t", "k", now)
        if len(recent) < requests:
            assert wait is None
            passed.append(now)
        else:
            assert wait == recent[0] + seconds - now
        assert windows.admit("t", "another", now) is None


def test_a_fast_clock_speeds_up_runs_and_limits_alike() -> None:
    """At a thousandfold speed an hour's run and a minute's window take seconds at most."""
    clock = ServerClock(1000)
    server = CodegenServer(RunPlan(seconds=300), limits={"create": RateLimit(1, 300)}, clock=clock)
    with server, open_client(server) as client:
        started = time.monotonic()
        while create(client).status_code == 429 or len(server.runs) < 2:
            assert time.monotonic() - started < 60
        while client.get(f"{RUN}/1").json()["status"] != "COMPLETE":
            assert time.monotonic() - started < 60
    first, second = server.runs
    assert second.created_at - first.created_at >= 200  # of 300 from the moment that the limit counted the first one
    assert clock.real_seconds(300) == pytest.approx(0.3)
    assert clock.real_time(first.created_at) <= time.time()


def test_a_timed_run_shows_its_steps_and_its_logs_as_they_come() -> None:
    """Statuses change at their seconds, and entries appear one by one, all of them by the end."""
    entry = wire.AgentRunLogResponse(agent_run_id=0, tool_name="bash", tool_input={"command": "ls"})
    plan = RunPlan(seconds=30, before="QUEUED", steps=((5, "RUNNING"),), logs=("look", entry))
    clock = ManualClock()
    seen = []
    with CodegenServer(plan, clock=clock) as server, open_client(server) as client:
        create(client)
        for _ in range(4):
            body = client.get(LOGS).json()
            seen.append((body["status"], body["total_logs"]))
            clock.advance(10.0)
        backwards = client.get(LOGS, params={"reverse": "true", "limit": 1}).json()
    assert seen == [("QUEUED", 0), ("RUNNING", 1), ("RUNNING", 2), ("COMPLETE", 2)]
    assert [(log["agent_run_id"], log["tool_name"]) for log in backwards["logs"]] == [(1, "bash")]


def test_a_paused_run_goes_on_when_it_is_resumed_and_an_ended_one_gets_a_new_plan() -> None:
    """Resuming is refused while a run works; paused, it ends as planned; ended, it works by the next plan."""
    clock = ManualClock()
    plans = [RunPlan(seconds=5, pauses=True, result="one"), RunPlan(seconds=5, result="two")]
    with CodegenServer(plans, clock=clock) as server, open_client(server) as client:
        create(client)
        shown = []
        for _ in range(5):
            answer = client.post(f"{RUN}/resume", json={"agent_run_id": 1, "prompt": "go on"})
            shown.append((answer.status_code, client.get(f"{RUN}/1").json()["status"]))
            clock.advance(5)
            shown.append(client.get(f"{RUN}/1").json()["result"])
    refused, resumed = (400, "ACTIVE"), (200, "ACTIVE")
    assert shown == [refused, None, resumed, "one", resumed, "two", resumed, "two", resumed, "two"]
    assert server.runs[0].resumed[0].prompt == "go on"


def test_a_run_can_be_ended_from_outside() -> None:
    """As by a person in the web application."""
    with CodegenServer(RunPlan(seconds=60)) as server, open_client(server) as client:
        create(client)
        server.end_run(1, status="STOPPED")
        assert client.get(f"{RUN}/1").json()["status"] == "STOPPED"
        with pytest.raises(KeyError):
            server.end_run(2)


def test_a_new_run_appears_in_the_list_after_its_lag() -> None:
    """A list that lags behind hides the run for a while; by number it is there."""
    clock = ManualClock()
    with CodegenServer(list_lag=2, clock=clock) as server, open_client(server) as client:
        create(client)
        totals = [client.get(f"{ORG}/agent/runs").json()["total"]]
        clock.advance(2)
        totals.append(client.get(f"{ORG}/agent/runs").json()["total"])
        assert client.get(f"{RUN}/1").status_code == 200
    assert totals == [0, 1]


def test_a_token_sees_its_organisations_only_and_can_be_replaced() -> None:
    """Further tokens have their own organisations, and the first one may be rotated while the server runs."""
    with CodegenServer(organizations={1: "One", 2: "Two"}, tokens={"second": [2]}) as server:
        with open_client(server, "second") as client:
            assert [item["id"] for item in client.get("/v1/organizations").json()["items"]] == [2]
            assert client.get(f"{ORG}/agent/runs").status_code == 403
        with open_client(server) as client:
            server.token = "rotated"
            assert client.get("/v1/users/me").status_code == 401
        with open_client(server, "rotated") as client:
            assert client.get("/v1/users/me").status_code == 200


ENDPOINTS: dict[tuple[str, str], tuple[object, type[BaseModel] | None]] = {
    ("GET", "/v1/organizations"): (None, wire.OrganizationPage),
    ("GET", f"{ORG}/users"): (None, wire.UserPage),
    ("GET", f"{ORG}/users/2"): (None, wire.UserResponse),
    ("GET", "/v1/users/me"): (None, wire.UserResponse),
    ("GET", f"{ORG}/repos"): (None, wire.RepoPage),
    ("GET", f"{ORG}/repos/check-suite-settings?repo_id=1"): (None, wire.CheckSuiteSettingsResponse),
    ("PUT", f"{ORG}/repos/check-suite-settings?repo_id=1"): ({"check_retry_count": 1}, None),
    ("PATCH", f"{ORG}/prs/9"): ({"state": "closed"}, wire.EditPRResponse),
    ("PATCH", f"{ORG}/repos/1/prs/9"): ({"state": "open"}, wire.EditPRResponse),
    ("GET", f"{ORG}/integrations"): (None, wire.OrganizationIntegrationsResponse),
    ("GET", f"{ORG}/cli/rules"): (None, wire.CLIRulesResponse),
    ("GET", f"{ORG}/models"): (None, wire.ModelsResponse),
    ("POST", f"{ORG}/setup-commands/generate"): ({"repo_id": 1}, wire.SetupCommandsResponse),
    ("POST", f"{ORG}/sandbox/3/analyze-logs"): (None, wire.AnalyzeLogsResponse),
    ("GET", f"{ORG}/agent/runs?source_type=API"): (None, wire.AgentRunPage),
    ("GET", f"{RUN}/1"): (None, wire.AgentRunResponse),
    ("POST", f"{RUN}/ban"): ({"agent_run_id": 1}, None),
    ("POST", f"{RUN}/unban"): ({"agent_run_id": 1}, None),
    ("POST", f"{RUN}/remove-from-pr"): ({"agent_run_id": 1}, None),
    ("GET", LOGS): (None, wire.AgentRunWithLogsResponse),
    ("GET", f"{ORG}/webhooks/agent-run"): (None, wire.WebhookConfigResponse),
    ("DELETE", f"{ORG}/webhooks/agent-run"): (None, None),
    ("GET", "/v1/mcp-providers"): (None, None),
    ("GET", "/v1/oauth/tokens/status?org_id=1"): (None, None),
    ("POST", "/v1/oauth/tokens/revoke?provider=x&org_id=1"): (None, None),
    ("POST", "/v1/slack-connect/generate-token"): ({"org_id": 1}, wire.GenerateTokenResponse),
}


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_endpoint_answers_in_its_shape(method: str, path: str) -> None:
    """Each documented endpoint is there, and what it answers has every field that its model demands, and no other."""
    body, shape = ENDPOINTS[method, path]
    with CodegenServer(RunPlan(logs=("a",))) as server, open_client(server) as client:
        create(client)
        answer = client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    if shape is not None:
        model = shape.model_validate(answer.json())
        assert set(answer.json()) == set(shape.model_fields)
        assert not model.model_extra


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "limit=x", "skip=-1"])
def test_a_window_out_of_bounds_is_refused(query: str) -> None:
    """As FastAPI refuses it, so that a client's mistake shows in its tests."""
    with CodegenServer() as server, open_client(server) as client:
        answer = client.get(f"{ORG}/agent/runs?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "query"


def test_faults_at_a_rate_repeat_with_their_seed() -> None:
    """The same seed gives the same faults, another one others, and about as many as asked for."""
    request = RecordedRequest(method="GET", path="/", query={}, headers={})

    def drawn(seed: int) -> list[Fault | None]:
        rule = FaultRate(0.3, seed=seed)
        return [rule(request) for _ in range(1000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 230 < sum(fault is not None for fault in drawn(1)) < 370
    assert {id(fault) for fault in drawn(1) if fault} == {id(fault) for fault in TRANSIENT_FAULTS.values()}
    assert FaultRate(1.0, only=lambda asked: asked.method == "POST")(request) is None


def test_a_hang_lasts_until_the_client_gives_up_and_does_no_work() -> None:
    """The client's own limit ends it; with `after_work` the run is there all the same."""
    server = CodegenServer(faults=[Fault(hang=True), Fault(hang=True, after_work=True)])
    with server, open_client(server) as client:
        for runs in (0, 1):
            with pytest.raises(httpx.ReadTimeout):
                client.post(RUN, json={"prompt": "p"}, timeout=0.2)
            assert len(server.runs) == runs


@pytest.mark.parametrize("interval", [0.0, 0.001])
def test_an_answer_without_end_goes_on_for_as_long_as_it_is_read(interval: float) -> None:
    """Much of it or drop by drop, and the server serves others meanwhile."""
    server = CodegenServer(faults=[Fault(endless=interval)])
    with server, open_client(server) as client, client.stream("GET", "/v1/users/me") as answer:
        assert len([piece for piece, _ in zip(answer.iter_raw(), range(20), strict=False)]) == 20
        with open_client(server) as other:
            assert other.get("/v1/users/me").status_code == 200


def test_a_body_of_bytes_is_sent_as_it_is() -> None:
    """So that compressed answers, right and wrong, can be told."""
    body = gzip.compress(b'{"items": []}')
    server = CodegenServer(faults=[Fault(body=body, headers={"Content-Encoding": "gzip"})])
    with server, open_client(server) as client:
        assert client.get("/v1/organizations").json() == {"items": []}


class Receiver(LoopbackServer):
    """Takes webhooks."""

    def answer(self, request: RecordedRequest) -> Answer:
        return Answer.of_json({})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def wait_for(told: Callable[[], object]) -> None:
    started = time.monotonic()
    while not told():
        assert time.monotonic() - started < 60
        time.sleep(0.01)


def test_each_run_that_ends_is_told_once_to_its_webhooks(receiver: Receiver) -> None:
    """A run's own webhook hides its organisation's; one that does not end is not told of."""
    own = [{"url": f"{receiver.base_url}/own", "secret": "a secret of this run"}]
    server = CodegenServer([RunPlan(polls=0), RunPlan(polls=0), RunPlan(seconds=60)])
    with server, open_client(server) as client:
        url = f"{receiver.base_url}/all"
        assert client.post(f"{ORG}/webhooks/agent-run", json={"url": url}).status_code == 200
        create(client, webhooks=own)
        create(client)
        create(client)
        wait_for(lambda: len(server.webhooks_sent) == 2)
        time.sleep(0.1)
        assert sorted(server.webhooks_sent) == [(url, 200), (own[0]["url"], 200)]
    told = {request.path: request.json()["data"]["id"] for request in receiver.requests}
    assert told == {"/own": 1, "/all": 2}
    check = SignatureCheck("a secret of this run")
    headers = {request.path: request.headers.get(SIGNATURE_HEADER.lower()) for request in receiver.requests}
    assert headers["/all"] is None
    assert [check.accepts(headers["/own"], r.body) for r in receiver.requests if r.path == "/own"] == [True]


def test_webhooks_leave_this_machine_never() -> None:
    """Any other address is refused, and a lost receiver harms nothing."""
    with CodegenServer(RunPlan(polls=0)) as server, open_client(server) as client:
        assert client.post(f"{ORG}/webhooks/agent-run", json={"url": "https://example.org"}).status_code == 422
        create(client, webhooks=[{"url": "http://example.org/x"}, {"url": "http://127.0.0.1:9/"}])
        wait_for(lambda: len(server.webhooks_sent) == 2)
        assert {status for _, status in server.webhooks_sent} == {0}


async def test_two_hundred_clients_and_a_thousand_runs_are_carried() -> None:
    """Every client gets every answer, and each run is there once."""
    with CodegenServer(RunPlan(seconds=600)) as server:
        bearer = {"Authorization": f"Bearer {server.token}"}
        port = int(server.base_url.rpartition(":")[2])

        async def work(number: int) -> set[bytes]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            lines = "".join(f"{name}: {value}\r\n" for name, value in bearer.items())
            body = b'{"prompt": "p", "metadata": {"idempotency_key": "%d"}}' % number
            firsts = set()
            for _ in range(5):
                for head, content in ((f"POST {RUN}", body), (f"GET {ORG}/agent/runs?limit=100", b"")):
                    writer.write(f"{head} HTTP/1.1\r\n{lines}Content-Length: {len(content)}\r\n\r\n".encode() + content)
                    answer = await reader.readuntil(b"\r\n\r\n")
                    await reader.readexactly(int(answer.lower().partition(b"content-length: ")[2].split()[0]))
                    firsts.add(answer.partition(b"\r\n")[0])
            writer.close()
            return firsts

        firsts = await asyncio.gather(*(work(number) for number in range(200)))
        assert set().union(*firsts) == {b"HTTP/1.1 200 OK"}
        assert Counter(run.idempotency_key for run in server.runs) == {str(number): 5 for number in range(200)}


def test_a_rule_with_a_mistake_cuts_the_connection_and_shows_itself(capfd: pytest.CaptureFixture[str]) -> None:
    """The client is not left waiting, and the test's author sees why."""

    def wrong(request: RecordedRequest) -> Fault | None:
        raise RuntimeError("the rule is wrong")

    with CodegenServer(faults=wrong) as server, open_client(server) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("/v1/users/me")
    assert "the rule is wrong" in capfd.readouterr().err


def test_spoilt_requests_count_against_the_limits() -> None:
    """A limiter stands before everything that can go wrong behind it, and before the faults."""
    limits = {"create": RateLimit(2, 60)}
    server = CodegenServer(limits=limits, faults=lambda request: Fault(status=500), clock=ManualClock())
    with server, open_client(server) as client:
        assert [create(client).status_code for _ in range(3)] == [500, 500, 429]
        with open_client(server, "unknown") as stranger:
            assert create(stranger).status_code == 500
    assert server.kinds == {"create": 4}
