"""Agent backends by name, and the journal that keeps a run from being started twice."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from genloom.config import Settings, load_settings
from genloom.errors import AgentError, CredentialError, UsageError
from genloom.state import AgentRun
from genloom.testing import CodegenServer, Fault, RunPlan
from genloom.tools.codegen import CodegenBackend, MemoryJournal, Pacing, RunJournal, agent_backends
from genloom.tools.codegen.once.journaled import journal_key


def settings_of(server: CodegenServer) -> Callable[[], Settings]:
    environment = {
        "GENLOOM_HOME": "/nonexistent",
        "CODEGEN_API_TOKEN": server.token,
        "CODEGEN_ORG_ID": "1",
        "CODEGEN_API_BASE_URL": server.base_url,
    }
    return lambda: load_settings(environment)


def place_of(server: CodegenServer) -> str:
    return f"{server.base_url} 1"


def run_once(server: CodegenServer, journal: RunJournal, pace: Pacing, *, deadline: float = 20.0) -> AgentRun:
    backend = CodegenBackend(settings=settings_of(server), pacing=pace)
    return asyncio.run(backend.run("make it", idempotency_key="key", deadline=deadline, journal=journal))


def test_a_fresh_run_is_written_down_before_and_after(pace: Pacing) -> None:
    """The journal knows the run's number when it is done; each call may come from a loop of its own."""
    journal = MemoryJournal()
    with CodegenServer() as server:
        first, again = run_once(server, journal, pace), run_once(server, journal, pace)
        assert (first.status, again.id, len(server.runs)) == ("completed", first.id, 1)
        assert server.count("POST") == 1
        assert server.count("GET", "/agent/runs") == 1
        place = place_of(server)
    entry = journal.find(journal_key("key", place))
    assert entry is not None
    assert entry.run_id == first.id


def test_an_intent_without_a_number_is_looked_up_first(pace: Pacing) -> None:
    """A process that died between create and record finds its run in the list, also when that shows it late."""
    not_yet = [None] * 3 + [Fault(body='{"items": []}')]
    with CodegenServer(faults=not_yet) as server:
        run_once(server, MemoryJournal(), pace)
        assert len(server.requests) == 3
        journal = MemoryJournal()
        journal.intend(journal_key("key", place_of(server)))
        run = run_once(server, journal, pace)
        assert (run.id, len(server.runs)) == (1, 1)


def test_an_intent_that_never_arrived_is_started(pace: Pacing) -> None:
    """An intent whose create did not reach the server does not block the run."""
    journal = MemoryJournal()
    with CodegenServer() as server:
        journal.intend(journal_key("key", place_of(server)))
        assert run_once(server, journal, pace).status == "completed"
        assert len(server.runs) == 1


def test_a_deadline_counts_from_the_call(pace: Pacing) -> None:
    """A run that is still going comes back as `timeout`, and the next call takes it up by its number."""
    journal = MemoryJournal()
    with CodegenServer(RunPlan(seconds=600)) as server:
        assert run_once(server, journal, pace, deadline=1.0).status == "timeout"
        server.end_run(1, status="COMPLETE")
        assert run_once(server, journal, pace).status == "completed"
        assert len(server.runs) == 1


CHILD = """
import asyncio, sys
from genloom.tools.codegen import AsyncCodegen

async def main():
    async with AsyncCodegen(token=sys.argv[2], org_id=1, base_url=sys.argv[1]) as client:
        await client.run("make it", idempotency_key="key")

asyncio.run(main())
"""


@pytest.mark.parametrize("fault", [None, Fault(delay=30.0, after_work=True)], ids=["polling", "creating"])
def test_a_killed_process_finds_its_run_again(fault: Fault | None, pace: Pacing) -> None:
    """SIGKILL during the create or while polling: the next process takes up the same run."""
    with CodegenServer(RunPlan(polls=3), faults=[None, fault]) as server:
        child = subprocess.Popen([sys.executable, "-c", CHILD, server.base_url, server.token])
        give_up = time.monotonic() + 60
        while not server.runs and time.monotonic() < give_up:
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert len(server.runs) == 1
        journal = MemoryJournal()
        journal.intend(journal_key("key", place_of(server)))
        assert run_once(server, journal, pace).status == "completed"
        assert len(server.runs) == 1


def test_backends_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """`codegen` needs a token, and an unknown name lists the known ones."""
    for name in ("CODEGEN_API_TOKEN", "CODEGEN_ORG_ID", "CODEGEN_API_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    agent_backends.remove("codegen")
    with pytest.raises(CredentialError) as missing:
        agent_backends.get("codegen")
    assert "CODEGEN_API_TOKEN" in missing.value.hint
    with pytest.raises(UsageError) as unknown:
        agent_backends.get("nowhere")
    assert "codegen" in unknown.value.hint


def test_the_local_agent_is_there_where_it_is_offered() -> None:
    """Tools alone do not know it, in a process that has imported nothing else."""
    asking = "from genloom.tools.codegen import agent_backends; agent_backends.get('local')"
    done = subprocess.run([sys.executable, "-c", asking], capture_output=True, text=True)
    assert "UsageError: The agent `local` is not offered" in done.stderr


def test_the_made_backend_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that was made once reads a changed address and shows no token."""
    monkeypatch.setenv("CODEGEN_API_TOKEN", "hidden-token")
    monkeypatch.setenv("CODEGEN_ORG_ID", "5")
    monkeypatch.setenv("CODEGEN_API_BASE_URL", "http://127.0.0.1:1/")
    backend = agent_backends.get("codegen")
    try:
        assert backend.describe() == "Codegen API at http://127.0.0.1:1, organisation 5"
        monkeypatch.setenv("CODEGEN_API_BASE_URL", "http://127.0.0.1:2/v1")
        assert "127.0.0.1:2, " in backend.describe()
        assert "hidden-token" not in f"{backend!r}{backend.describe()}"
    finally:
        agent_backends.remove("codegen")


async def test_a_backend_keeps_its_own_settings(monkeypatch: pytest.MonkeyPatch, pace: Pacing) -> None:
    """What its settings allow is not asked of the environment again."""
    monkeypatch.delenv("GENLOOM_ALLOW_HTTP", raising=False)
    environment = {
        "GENLOOM_HOME": "/nonexistent",
        "CODEGEN_API_TOKEN": "t" * 20,
        "CODEGEN_ORG_ID": "1",
        "CODEGEN_API_BASE_URL": "http://codegen.invalid",
        "GENLOOM_ALLOW_HTTP": "1",
    }
    pacing = replace(pace, attempts=1, create_attempts=1)
    backend = CodegenBackend(settings=lambda: load_settings(environment), pacing=pacing)
    with pytest.raises(AgentError) as caught:
        await backend.run("make it", idempotency_key="key", deadline=5, journal=MemoryJournal())
    assert caught.value.kind in ("connection", "timeout")
