"""The drop-in `Agent`: the SDK's classes, blocking."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genloom.errors import CredentialError
from genloom.testing import CodegenServer, RunPlan
from genloom.tools.codegen import Agent, Pacing


def test_run_returns_at_once_and_refresh_sees_the_end(pace: Pacing) -> None:
    """The SDK's own way of working: run, refresh until the status says completed, read the result."""
    with CodegenServer(RunPlan(polls=2, result="code")) as server:
        agent = Agent(token=server.token, org_id=1, base_url=server.base_url, pacing=pace)
        task = agent.run("make it")
        assert (task.id, task.org_id, task.status, task.result) == (1, 1, "running", None)
        task.refresh()
        task.refresh()
        assert (task.status, task.raw_status, task.result) == ("completed", "COMPLETE", "code")
        assert agent.get_status() == {"id": 1, "status": "completed", "result": "code", "web_url": task.web_url}
        assert server.token not in f"{agent!r}{task!r}"


async def test_wait_works_beside_a_running_loop(pace: Pacing) -> None:
    """As in a notebook: a loop runs in this thread, and the blocking face works all the same."""
    with CodegenServer(RunPlan(polls=3)) as server:
        agent = Agent(server.token, 1, server.base_url, pacing=pace)
        assert agent.get_status() is None
        assert agent.run("make it").wait(deadline=20).status == "completed"
        assert len(server.runs) == 1


def test_a_missing_token_raises_when_the_agent_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is guessed and nothing is read from files."""
    monkeypatch.delenv("CODEGEN_API_TOKEN", raising=False)
    with pytest.raises(CredentialError):
        Agent(org_id=1)


def test_importing_the_client_does_not_load_httpx() -> None:
    """Who only reads types or a cached answer does not pay for a network library."""
    code = (
        "import sys, genloom.tools.codegen; print(sorted({'httpx', 'langchain_core', 'langgraph'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
