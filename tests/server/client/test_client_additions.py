"""Our client at a server that offers more than the documents, and at one that does not."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genloom.errors import UsageError
from genloom.interfaces.server.storage import RunRecord, Storage
from genloom.state import AgentRun
from genloom.testing import CodegenServer, RunPlan
from genloom.tools.codegen import UNLIMITED, AsyncCodegen, LogEntry, Pacing
from genloom.tools.codegen.http.failures import RejectedError
from genloom.tools.codegen.wire import CreateAgentRunInput

if TYPE_CHECKING:
    from running_server import RunningServer

SECONDS = 30.0
SELDOM = Pacing(poll_first=0.02, poll_growth=1e6, poll_cap=1e4, limits=UNLIMITED)
"""Looks once and then not before hours have passed, unless somebody tells it to."""

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def client_of(served: RunningServer) -> AsyncCodegen:
    return AsyncCodegen(token=served.key(), org_id=1, base_url=served.base_url, pacing=SELDOM)


def begun(served: RunningServer) -> RunRecord:
    """A run that somebody works on."""

    async def begin(storage: Storage) -> RunRecord:
        await storage.runs.create(1, 1, CreateAgentRunInput(prompt="x"), graph="generation", most_queued=10)
        run = await storage.runs.lease("a worker")
        assert run is not None
        return run

    return served.do(begin)


@on_sqlite
async def test_events_bring_each_step_of_a_run_as_it_happens(served: RunningServer) -> None:
    run = begun(served)

    async def step(number: int) -> None:
        entry = {"message_type": "ACTION", "thought": f"step {number}"}
        assert await asyncio.to_thread(
            served.do, lambda storage: storage.logs.append(1, run.id, run.lease_epoch, [entry])
        )

    async with client_of(served) as client, asyncio.timeout(SECONDS):
        items = client.follow(run.id)
        assert isinstance(await anext(items), AgentRun)
        for number in (1, 2, 3):
            told = asyncio.create_task(anext(items))
            await step(number)
            entry = await told
            assert isinstance(entry, LogEntry)
            assert entry.text == f"step {number}"
        ended = asyncio.create_task(anext(items))
        await asyncio.to_thread(
            served.do,
            lambda storage: storage.runs.finish(
                run.id, run.lease_epoch, status="completed", result="done", summary="fine"
            ),
        )
        last = await ended
    assert isinstance(last, AgentRun)
    assert (last.status, last.result) == ("completed", "done")


@on_sqlite
async def test_no_more_than_a_few_streams_are_open_at_once(served: RunningServer) -> None:
    """The other followers poll, and requests still find a connection."""
    runs = [begun(served) for _ in range(12)]
    async with client_of(served) as client, asyncio.timeout(SECONDS):
        listening = [asyncio.create_task(anext(client.run_events(run.id), "none")) for run in runs]
        names = await asyncio.gather(*listening)
        assert names.count("status") == 5
        assert (await client.get_run(runs[0].id)).id == runs[0].id


@on_sqlite
async def test_a_run_is_cancelled_and_one_that_has_ended_is_not(served: RunningServer) -> None:
    asked = CreateAgentRunInput(prompt="x")
    run, _ = served.do(lambda storage: storage.runs.create(1, 1, asked, graph="generation", most_queued=10))
    async with client_of(served) as client:
        assert (await client.pause_run(run.id)).status == "paused"
        assert (await client.cancel_run(run.id)).status == "cancelled"
        with pytest.raises(RejectedError) as refused:
            await client.pause_run(run.id)
        assert refused.value.status == 409
        with pytest.raises(RejectedError) as missing:
            await client.cancel_run(run.id + 1)
        assert missing.value.status == 404
        assert client.additions == {"cancel", "events", "pause"}


@on_sqlite
async def test_waiting_ends_as_soon_as_the_run_is_paused(served: RunningServer) -> None:
    """Where a pause is told for certain nobody waits to see whether it lasts."""
    asked = CreateAgentRunInput(prompt="x")
    run, _ = served.do(lambda storage: storage.runs.create(1, 1, asked, graph="generation", most_queued=10))
    pacing = Pacing(poll_first=0.02, poll_cap=0.1, resting=1e9, limits=UNLIMITED)
    async with AsyncCodegen(token=served.key(), org_id=1, base_url=served.base_url, pacing=pacing) as client:
        async with asyncio.timeout(SECONDS):
            waiting = asyncio.create_task(client.wait(run.id))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            await client.pause_run(run.id)
            assert (await waiting).status == "paused"
            assert (await client.wait(run.id)).status == "paused"
            followed = [item async for item in client.follow(run.id)]
        assert isinstance(followed[-1], AgentRun)
        assert followed[-1].status == "paused"


async def test_where_nobody_tells_pauses_a_paused_run_is_watched_for_a_while() -> None:
    with CodegenServer(RunPlan(status="paused")) as server:
        pacing = Pacing(poll_first=0.02, poll_cap=0.05, resting=1e9, limits=UNLIMITED)
        async with AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url, pacing=pacing) as client:
            run = await client.run("x", deadline=1.0)
    assert (run.status, run.raw_status) == ("timeout", "paused")


async def test_at_a_server_of_the_documents_nothing_more_is_asked_for() -> None:
    with CodegenServer() as server:
        async with AsyncCodegen(
            token=server.token, org_id=1, base_url=server.base_url, pacing=Pacing(limits=UNLIMITED)
        ) as client:
            run = await client.submit("x")
            async for _ in client.follow(run, deadline=SECONDS):
                pass
            with pytest.raises(UsageError, match="cannot cancel"):
                await client.cancel_run(run.id)
        assert not [request for request in server.requests if request.path.endswith("/events")]


def at_the_command_line(served: RunningServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {"CODEGEN_API_BASE_URL": served.base_url, "CODEGEN_API_TOKEN": served.key(), "CODEGEN_ORG_ID": "1"}
    return subprocess.run(
        [sys.executable, "-m", "genloom", "agent", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
        check=False,
    )


@on_sqlite
@pytest.mark.parametrize("wanted", ["cancel", "pause"])
def test_agent_cancel_and_pause_at_the_command_line(served: RunningServer, wanted: str) -> None:
    run = begun(served)
    ended = at_the_command_line(served, wanted, str(run.id), "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["id"] == run.id
    stored = served.do(lambda storage: storage.runs.get(1, run.id))
    assert stored is not None
    assert stored.wanted == wanted


@on_sqlite
@pytest.mark.slow
def test_a_run_that_waits_for_a_person_is_told_with_where_its_draft_is_seen(served: RunningServer) -> None:
    run = begun(served)
    assert at_the_command_line(served, "pause", str(run.id)).returncode == 0
    served.do(lambda storage: storage.runs.pause(run.id, run.lease_epoch, "Waiting."))
    for arguments, code in [(("get", str(run.id), "--wait"), 5), (("get", str(run.id)), 0)]:
        told = at_the_command_line(served, *arguments)
        assert told.returncode == code
        assert f"waits for a person, who sees the draft at {served.base_url}/agent/trace/{run.id}" in told.stderr


@on_sqlite
@pytest.mark.slow
def test_what_a_run_s_code_must_meet_has_options_of_its_own(served: RunningServer, tmp_path: Path) -> None:
    tests = tmp_path / "test_f.py"
    tests.write_text("from draft import f\n\n\ndef test_f():\n    assert f(1) == 2\n")
    given = ["-e", "f(1) == 2", "-e", "f(2) == 4", "--tests", str(tests), "--approval", "--metadata", 'own={"a": [1]}']
    started = at_the_command_line(served, "run", "Double", "--no-wait", "--json", *given)
    assert started.returncode == 0, started.stderr
    metadata = json.loads(started.stdout)["metadata"]
    assert (metadata["examples"], metadata["approval"]) == (["f(1) == 2", "f(2) == 4"], True)
    assert (metadata["tests"], metadata["own"]) == (tests.read_text(), {"a": [1]})
    same = ["--metadata", 'examples=["f(1) == 2"]', "--metadata", "approval=true"]
    assert at_the_command_line(served, "run", "Double", "--no-wait", *same).returncode == 0
