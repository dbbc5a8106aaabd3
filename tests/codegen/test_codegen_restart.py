"""Processes that die while they start a run, and processes that want the same one: one run stands at the server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import genloom
from genloom.config import load_settings
from genloom.errors import AgentError
from genloom.state import AgentRun
from genloom.testing import CodegenServer, Fault, FaultRate, RecordedRequest, RunPlan
from genloom.tools.codegen import AsyncCodegen, CodegenBackend, MemoryJournal, Pacing, RunJournal
from genloom.tools.codegen.access import resolve_access
from genloom.tools.codegen.accounts import shared_traffic
from genloom.tools.codegen.once.journaled import submit_journaled
from genloom.tools.store.agent_journal import SqliteAgentJournal, open_agent_journal

ClientOf = Callable[..., AsyncCodegen]
ServerOf = Callable[..., CodegenServer]

CHILD = """
import asyncio
from genloom.config import load_settings
from genloom.tools.codegen import CodegenBackend
from genloom.tools.store.agent_journal import open_agent_journal

journal = open_agent_journal(load_settings())
run = asyncio.run(CodegenBackend().run("make it", idempotency_key="key", deadline=60, journal=journal))
print(run.id, run.status)
"""


def environment(server: CodegenServer, home: Path) -> dict[str, str]:
    return {
        "GENLOOM_HOME": str(home),
        "CODEGEN_API_TOKEN": server.token,
        "CODEGEN_ORG_ID": "1",
        "CODEGEN_API_BASE_URL": server.base_url,
    }


def child(server: CodegenServer, home: Path) -> subprocess.Popen[str]:
    """Start a process that wants the run of the key, with the default pacing and the journal on disk."""
    path = str(Path(genloom.__path__[0]).parent)
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": path, **environment(server, home)}
    return subprocess.Popen([sys.executable, "-c", CHILD], env=variables, stdout=subprocess.PIPE, text=True)


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


async def take_up(server: CodegenServer, home: Path, pace: Pacing) -> AgentRun:
    """Want the run of the key here, as a restarted process does."""
    settings = load_settings(environment(server, home))
    backend = CodegenBackend(settings=lambda: settings, pacing=pace)
    return await backend.run("make it", idempotency_key="key", deadline=60, journal=open_agent_journal(settings))


def spoil_first_create(fault: Fault) -> Callable[[RecordedRequest], Fault | None]:
    creates = iter(range(10**6))
    return lambda request: fault if request.method == "POST" and next(creates) == 0 else None


KILLED = {
    "between intend and create": Fault(delay=60.0),
    "after create, before record": Fault(hang=True, after_work=True),
}


@pytest.mark.parametrize("fault", KILLED.values(), ids=KILLED)
def test_a_process_killed_while_it_creates_leaves_one_run(
    server_of: ServerOf, fault: Fault, tmp_path: Path, pace: Pacing
) -> None:
    """SIGKILL with the create on its way: the next process finds the run where there is one, and else starts it."""
    with server_of(RunPlan(polls=2), faults=spoil_first_create(fault)) as server:
        first = child(server, tmp_path)
        until(lambda: server.count("POST") == 1 and (fault.hang is False or server.runs))
        first.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
        run = asyncio.run(take_up(server, tmp_path, pace))
        assert (run.id, run.status, run.idempotency_key) == (1, "completed", "key")
        assert len(server.runs) == 1
        assert server.count("POST") == (1 if fault.hang else 2)


def test_a_process_killed_while_it_waits_is_followed_by_number(
    server_of: ServerOf, tmp_path: Path, pace: Pacing
) -> None:
    """SIGKILL after the record: the next process asks for the run itself and for no list."""
    with server_of(RunPlan(polls=4)) as server:
        first = child(server, tmp_path)
        until(lambda: server.count("GET", "/agent/run/1"))
        first.send_signal(signal.SIGKILL)
        first.wait()
        lists = server.count("GET", "/agent/runs")
        run = asyncio.run(take_up(server, tmp_path, pace))
        assert (run.id, run.status) == (1, "completed")
        assert server.count("GET", "/agent/runs") == lists
        assert server.count("POST") == 1


@pytest.mark.slow
def test_processes_that_want_the_same_run_at_once_get_the_same_run(server_of: ServerOf, tmp_path: Path) -> None:
    """One creates, slowly; the others wait for it, although none of them sees it in the list."""
    with server_of(RunPlan(polls=3), faults=spoil_first_create(Fault(delay=2.0))) as server:
        wanting = [child(server, tmp_path) for _ in range(4)]
        said = [process.communicate(timeout=60)[0] for process in wanting]
        assert said == ["1 completed\n"] * 4
        assert len(server.runs) == 1
        assert server.count("POST") == 1


@pytest.mark.slow
def test_the_claim_of_a_killed_process_is_free_again(server_of: ServerOf, tmp_path: Path, pace: Pacing) -> None:
    """A process that waits for the one that creates takes over when that is killed."""
    with server_of(RunPlan(polls=2), faults=spoil_first_create(Fault(delay=60.0))) as server:
        first = child(server, tmp_path)
        until(lambda: server.count("POST"))
        second = child(server, tmp_path)
        time.sleep(1.0)
        assert server.count("POST") == 1
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert second.communicate(timeout=60)[0] == "1 completed\n"
        assert len(server.runs) == 1


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
async def test_tasks_that_want_the_same_run_get_the_same_run(kind: str, tmp_path: Path, client_of: ClientOf) -> None:
    """Within one process, too; and who waits for a claim in vain is told so when its deadline passes."""
    journal: RunJournal = SqliteAgentJournal(tmp_path / "journal.db") if kind == "sqlite" else MemoryJournal()
    with CodegenServer(faults=spoil_first_create(Fault(delay=1.5))) as server:
        async with client_of(server) as client:

            async def start(deadline: float) -> AgentRun:
                return await submit_journaled(client, journal, "make it", key="k", place="here", deadline=deadline)

            first = asyncio.create_task(start(20))
            while not server.count("POST"):
                await asyncio.sleep(0.01)
            with pytest.raises(AgentError, match="somebody else") as late:
                await start(0.05)
            runs = await asyncio.gather(first, *(start(20) for _ in range(5)))
        assert late.value.kind == "timeout"
        assert {run.id for run in runs} == {1}
        assert len(server.runs) == 1


async def test_a_cancelled_starter_lets_go_of_its_claim(
    server_of: ServerOf, tmp_path: Path, client_of: ClientOf
) -> None:
    """The next one need not wait, and starts no second run."""
    journal = SqliteAgentJournal(tmp_path / "journal.db")
    with server_of(faults=spoil_first_create(Fault(hang=True, after_work=True))) as server:
        async with client_of(server) as client:
            first = asyncio.create_task(submit_journaled(client, journal, "make it", key="k", place="here"))
            while not server.runs:
                await asyncio.sleep(0.01)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            run = await submit_journaled(client, journal, "make it", key="k", place="here", deadline=20)
        assert run.id == 1
        assert len(server.runs) == 1


async def test_a_number_of_another_server_is_not_taken_up(client_of: ClientOf) -> None:
    """The same number means another run there: a journal from elsewhere is an error, never somebody else's result."""
    with CodegenServer() as server:
        async with client_of(server) as client:
            await client.submit("theirs", idempotency_key="theirs")
            with pytest.raises(AgentError, match="another idempotency key"):
                await client.wait(AgentRun(id=1, status="unknown", idempotency_key="ours"), deadline=20)


async def test_a_create_that_hangs_after_its_commit_is_seen_by_the_shared_poll(
    server_of: ServerOf, client_of: ClientOf
) -> None:
    """While other runs are polled, nobody waits for the lost answer: the list shows the key."""
    creates = iter(range(10**6))

    def strike(request: RecordedRequest) -> Fault | None:
        return Fault(hang=True, after_work=True) if request.method == "POST" and next(creates) % 2 else None

    with server_of(RunPlan(seconds=0.3), faults=strike) as server:
        async with client_of(server, timeout=300) as client:
            runs = await asyncio.gather(*(client.run(f"job {n}", deadline=60) for n in range(6)))
        assert {run.status for run in runs} == {"completed"}
        assert len(server.runs) == 6
        assert server.count("POST") == 6


@pytest.mark.slow
async def test_runs_that_are_cancelled_and_begun_again_at_random_stand_there_once(
    server_of: ServerOf, client_of: ClientOf, pace: Pacing
) -> None:
    """Sixty callers give up at any moment and come back with the same key, while three in ten requests go wrong; in the
    end each has its run, no run is doubled, and no place in the traffic is lost."""
    chance = random.Random(7)
    hasty = replace(pace, attempts=20, create_attempts=20)
    with server_of(RunPlan(seconds=0.3), faults=FaultRate(0.3, seed=5)) as server:

        async def insist(key: str) -> AgentRun:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with client_of(server, timeout=2.0, pacing=hasty) as client:
                        return await asyncio.wait_for(
                            client.run("make it", idempotency_key=key), chance.uniform(0.05, 3.0)
                        )

        runs = await asyncio.gather(*(insist(f"key {n}") for n in range(60)))
        assert [run.idempotency_key for run in runs] == [f"key {n}" for n in range(60)]
        assert {run.status for run in runs} == {"completed"}
        assert sorted(served.idempotency_key for served in server.runs) == sorted(f"key {n}" for n in range(60))
        traffic = shared_traffic(resolve_access(token=server.token, org_id=1, base_url=server.base_url), hasty)
        assert traffic.under_way == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
