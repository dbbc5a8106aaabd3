"""The loopback server of the Codegen API, asked without the client."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest

from genloom.testing import CodegenServer, Fault, ManualClock, RunPlan
from genloom.tools.codegen.wire import AgentRunPage, AgentRunResponse, CreateAgentRunInput

AGENT = "/v1/organizations/1/agent"


def open_client(server: CodegenServer) -> httpx.Client:
    return httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {server.token}"}, timeout=60)


def test_a_run_ends_after_its_polls() -> None:
    """A run shows its planned end from the planned look on, and nothing of it before."""
    plan = RunPlan(polls=2, result="x = 1", status="Complete", pull_requests=("https://pr/1",))
    with CodegenServer(plan) as server, open_client(server) as client:
        created = AgentRunResponse.model_validate(client.post(f"{AGENT}/run", json={"prompt": "p"}).json())
        looks = [AgentRunResponse.model_validate(client.get(f"{AGENT}/run/{created.id}").json()) for _ in range(2)]
    assert [run.status for run in (created, *looks)] == ["ACTIVE", "ACTIVE", "Complete"]
    assert [run.result for run in (created, *looks)] == [None, None, "x = 1"]
    assert looks[1].to_run().pull_requests == ("https://pr/1",)


def test_a_run_ends_after_its_seconds_however_often_it_is_looked_at() -> None:
    """With a duration, looks do not count."""
    clock = ManualClock()
    with CodegenServer(RunPlan(seconds=3), clock=clock) as server, open_client(server) as client:
        client.post(f"{AGENT}/run", json={"prompt": "p"})
        early = [client.get(f"{AGENT}/run/1").json()["status"] for _ in range(3)]
        clock.advance(3.1)
        late = client.get(f"{AGENT}/run/1").json()["status"]
    assert (early, late) == (["ACTIVE"] * 3, "COMPLETE")


def test_plans_follow_the_order_or_a_rule() -> None:
    """A list of plans is used in order and its last one stays; a rule sees what was asked."""
    with (
        CodegenServer([RunPlan(polls=0, result="a"), RunPlan(polls=0, result="b")]) as server,
        open_client(server) as client,
    ):
        results = [client.post(f"{AGENT}/run", json={"prompt": "p"}).json()["result"] for _ in range(3)]
    assert results == ["a", "b", "b"]

    def echo(asked: CreateAgentRunInput) -> RunPlan:
        return RunPlan(polls=0, result=asked.prompt)

    with CodegenServer(echo) as server, open_client(server) as client:
        assert client.post(f"{AGENT}/run", json={"prompt": "say this"}).json()["result"] == "say this"


def test_the_list_is_newest_first_and_paged() -> None:
    """`skip` and `limit` cut the list, whose head tells the whole size."""
    with CodegenServer() as server, open_client(server) as client:
        for number in range(5):
            client.post(f"{AGENT}/run", json={"prompt": "p", "metadata": {"n": number}})
        page = AgentRunPage.model_validate(client.get(f"{AGENT}/runs", params={"skip": 2, "limit": 2}).json())
    assert [(run.metadata or {})["n"] for run in page.items] == [2, 1]
    assert (page.total, page.page, page.size, page.pages) == (5, 2, 2, 3)


def test_logs_are_paged_in_order() -> None:
    """The logs stand under the alpha path, oldest first."""
    with CodegenServer(RunPlan(logs=("one", "two", "three"))) as server, open_client(server) as client:
        client.post(f"{AGENT}/run", json={"prompt": "p"})
        body = client.get("/v1/alpha/organizations/1/agent/run/1/logs", params={"skip": 1, "limit": 5}).json()
    assert [entry["thought"] for entry in body["logs"]] == ["two", "three"]
    assert body["total_logs"] == 3


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", f"{AGENT}/run", {}, 422),
        ("POST", f"{AGENT}/run", {"prompt": "p", "nonsense": 1}, 422),
        ("GET", f"{AGENT}/run/7", None, 404),
        ("GET", f"{AGENT}/run", None, 405),
        ("GET", "/v1/organizations/2/agent/runs", None, 403),
        ("GET", "/elsewhere", None, 404),
    ],
)
def test_wrong_requests_get_the_documented_errors(method: str, path: str, body: object, status: int) -> None:
    """What the API refuses is refused, in its own form."""
    with CodegenServer() as server, open_client(server) as client:
        answer = client.request(method, path, json=body)
        assert server.runs == ()
    assert answer.status_code == status
    assert "detail" in answer.json() if status == 422 else answer.json()["status_code"] == status


def test_a_wrong_token_is_refused_everywhere() -> None:
    """No request passes without the server's token."""
    with CodegenServer() as server:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert httpx.get(f"{server.base_url}/v1/organizations", headers=headers).status_code == 401


@pytest.mark.parametrize(("after_work", "runs"), [(False, 0), (True, 1)])
def test_a_cut_before_the_work_has_no_effect_and_one_after_it_has(after_work: bool, runs: int) -> None:
    """The two ways in which a client loses an answer differ at the server."""
    with CodegenServer(faults=[Fault(cut=True, after_work=after_work)]) as server, open_client(server) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(f"{AGENT}/run", json={"prompt": "p"})
        assert len(server.runs) == runs
        assert server.count("POST", "/agent/run") == 1


def test_it_runs_as_a_process_of_its_own() -> None:
    """The module serves until it is stopped, and its first line says where."""
    command = [sys.executable, "-m", "genloom.testing.codegen", "--seconds", "0", "--result", "r"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {told['token']}"}
        answer = httpx.post(f"{told['base_url']}{AGENT}/run", headers=headers, json={"prompt": "p"})
        process.kill()
    assert answer.json()["result"] == "r"
