"""The drop-in `Agent`: the SDK's classes, blocking."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from genloom.errors import AgentError, CredentialError, UsageError
from genloom.testing import CodegenServer, Fault, RunPlan
from genloom.tools.codegen import Agent, Pacing


def test_run_returns_at_once_and_refresh_sees_the_end(pace: Pacing) -> None:
    """The SDK's own way of working: run, refresh until the status says completed, read the result."""
    with CodegenServer(RunPlan(polls=2, result="code", summary="did it", pull_requests=("https://pr/1",))) as server:
        agent = Agent(token=server.token, org_id=1, base_url=server.base_url, pacing=pace)
        task = agent.run("make it")
        assert (task.id, task.org_id, task.status, task.result) == (1, 1, "running", None)
        assert agent.current_job is task
        task.refresh()
        task.refresh()
        assert (task.status, task.raw_status, task.result) == ("completed", "COMPLETE", "code")
        assert (task.summary, task.pull_requests) == ("did it", ("https://pr/1",))
        assert agent.get_status() == {"id": 1, "status": "completed", "result": "code", "web_url": task.web_url}
        assert server.token not in f"{agent!r}{task!r}"


async def test_wait_works_beside_a_running_loop(pace: Pacing) -> None:
    """As in a notebook: a loop runs in this thread, and the blocking face works all the same."""
    with CodegenServer(RunPlan(polls=3)) as server:
        agent = Agent(server.token, 1, server.base_url, pacing=pace)
        assert agent.get_status() is None
        assert agent.run("make it").wait(deadline=20).status == "completed"
        assert len(server.runs) == 1


def test_a_wait_ends_at_its_deadline_and_can_be_taken_up_again(pace: Pacing) -> None:
    """The run goes on at the server, and an agent of another process finds it by its number."""
    with CodegenServer(RunPlan(seconds=600)) as server:
        task = Agent(server.token, 1, server.base_url, pacing=pace).run("make it")
        assert task.wait(deadline=0.1).status == "timeout"
        server.end_run(1, status="COMPLETE")
        again = Agent(server.token, 1, server.base_url, pacing=pace).get(task.id)
        assert again.wait(deadline=20).status == "completed"
        assert len(server.runs) == 1


def test_what_the_api_takes_beside_the_prompt_is_passed_on(pace: Pacing) -> None:
    """Repository, model and metadata reach the server, and the same key starts no second run."""
    with CodegenServer() as server:
        agent = Agent(server.token, "1", server.base_url, pacing=pace)  # the SDK takes a number in text
        assert agent.org_id == 1
        for _ in range(2):
            agent.run("make it", repo_id=7, model="m", metadata={"ticket": 3}, idempotency_key="once")
        asked = server.runs[0].asked
        assert (asked.repo_id, asked.model, (asked.metadata or {})["ticket"]) == (7, "m", 3)
        assert len(server.runs) == 1


def test_a_missing_token_raises_when_the_agent_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is guessed and nothing is read from files: the SDK takes a token from `.env`, or sends `None`."""
    (tmp_path / ".env").write_text("CODEGEN_API_TOKEN=from-a-file\n")
    monkeypatch.chdir(tmp_path)
    for token in (None, ""):
        with pytest.raises(CredentialError):
            Agent(token, org_id=1)


@pytest.mark.parametrize("org_id", ["eleven", 0, -3])
def test_an_organisation_that_is_no_number_raises(org_id: int | str) -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError):
        Agent("token", org_id)


def test_no_run_ever_starts_in_another_organisation(pace: Pacing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign one is refused, whatever the environment names; of several none is chosen; the argument comes first."""
    with CodegenServer(organizations={1: "One", 2: "Two"}) as server:
        with pytest.raises(CredentialError):
            Agent(server.token, 999, server.base_url, pacing=pace).run("make it")
        with pytest.raises(UsageError, match="One"):
            Agent(server.token, None, server.base_url, pacing=pace).run("make it")
        monkeypatch.setenv("CODEGEN_ORG_ID", "1")
        with pytest.raises(CredentialError):
            Agent(server.token, 999, server.base_url, pacing=pace).run("make it")
        assert server.runs == ()
        assert Agent(server.token, 2, server.base_url, pacing=pace).run("make it").org_id == 2
        assert [run.org_id for run in server.runs] == [2]


def test_a_server_that_never_answers_ends_in_an_error(pace: Pacing) -> None:
    """Where the SDK waits for ever, each call is bounded."""
    with CodegenServer(faults=lambda request: Fault(hang=True)) as server:
        agent = Agent(server.token, 1, server.base_url, timeout=0.1, pacing=pace)
        with pytest.raises(AgentError) as caught:
            agent.run("make it", deadline=0.5)
        assert caught.value.kind == "timeout"


def test_a_stumble_of_the_server_does_not_show(pace: Pacing) -> None:
    """The SDK raises at the first 500, here the look is repeated."""
    with CodegenServer(RunPlan(polls=1)) as server:
        agent = Agent(server.token, 1, server.base_url, pacing=pace)
        task = agent.run("make it")
        asked = iter([Fault(status=500), Fault(cut=True), Fault(status=429)])
        server.set_faults(lambda request: next(asked, None))
        task.refresh()
        assert task.status == "completed"


def test_the_sdks_generated_client_is_missed_with_a_way_out() -> None:
    """An attribute that only the SDK has says what to use instead."""
    with pytest.raises(AttributeError, match="AsyncCodegen"):
        _ = Agent("token", 1).agents_api
    assert not hasattr(Agent("token", 1), "anything_else")


def test_importing_the_client_does_not_load_httpx() -> None:
    """Who only reads types or a cached answer does not pay for a network library."""
    code = (
        "import sys, genloom.tools.codegen; print(sorted({'httpx', 'langchain_core', 'langgraph'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
