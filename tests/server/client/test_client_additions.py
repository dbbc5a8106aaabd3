"""Our client at a server that offers more than the documents, and at one that does not."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from genloom.errors import UsageError
from genloom.interfaces.server.storage import RunRecord, Storage
from genloom.state import AgentRun
from genloom.testing import CodegenServer
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


@on_sqlite
def test_agent_cancel_at_the_command_line(served: RunningServer) -> None:
    run = begun(served)
    variables = {"CODEGEN_API_BASE_URL": served.base_url, "CODEGEN_API_TOKEN": served.key(), "CODEGEN_ORG_ID": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "genloom", "agent", "cancel", str(run.id), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["id"] == run.id
    wanted = served.do(lambda storage: storage.runs.get(1, run.id))
    assert wanted is not None
    assert wanted.wanted == "cancel"
