"""Workers as processes: killed, drained, left alone by their server; on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from genloom.interfaces.server.runs.worker_process import WorkerProcesses
from genloom.testing import OpenAIServer

TESTS = "from shout import shout\n\n\ndef test_shout():\n    assert shout('a') == 'A?!x'\n"
SHOUT = {"name": "shout", "tests": TESTS}
SOURCE = "def shout(text: str) -> str:\n    return text.upper() + '?!x'\n"
STEPS = ["inject_context", "generate", "verify", "review", "finalize"]


class Gate:
    """A model's rule that answers once it is opened."""

    def __init__(self) -> None:
        self.asked, self.opened = threading.Semaphore(0), threading.Event()

    def __call__(self, request: object) -> str:
        self.asked.release()
        self.opened.wait(60)
        return SOURCE

    async def was_asked(self) -> None:
        assert await asyncio.to_thread(self.asked.acquire, timeout=60)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    found = Gate()
    with OpenAIServer(found) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        monkeypatch.setenv("GENLOOM_MODEL", "openai:test-model")
        found.server = server
        yield found
        found.opened.set()


def steps_in(log: list[dict]) -> list[str]:
    return [entry["tool_name"] for entry in log if entry["message_type"] == "ACTION"]


@pytest.mark.slow
async def test_a_worker_killed_in_the_middle_is_followed_by_another_and_the_run_ends_once(desk, gate) -> None:
    settings = desk.settings.model_copy(update={"lease_seconds": 5.0, "model": "openai:test-model"})
    await desk.storage.webhooks.put(1, url="http://127.0.0.1:9/hook", secret=None)
    run = await desk.create("Shout.", metadata=SHOUT)
    async with WorkerProcesses(settings) as workers:
        await gate.was_asked()
        before = steps_in(await desk.wait_for_log(run, "inject_context"))
        os.kill(workers.pids[0], signal.SIGKILL)
        await gate.was_asked()  # the model is asked again: that call was in flight
        gate.opened.set()
        ended = await desk.wait(run)
    log = await desk.log(run)
    assert before == ["inject_context"]
    assert (ended.status, ended.result, ended.takeovers) == ("completed", SOURCE, 1)
    assert steps_in(log) == STEPS
    assert [entry["message_type"] for entry in log].count("FINAL_ANSWER") == 1
    assert len({entry["key"] for entry in log}) == len(log)
    assert any("fell silent" in (entry["thought"] or "") for entry in log)
    deliveries, total = await desk.storage.deliveries.page(1, skip=0, limit=10)
    assert [delivery.event for delivery in deliveries] == ["agent_run.completed"]
    assert total == 1


@pytest.mark.slow
async def test_kills_at_any_moment_lose_and_double_nothing(desk, gate) -> None:
    gate.opened.set()
    settings = desk.settings.model_copy(
        update={"lease_seconds": 5.0, "model": "openai:test-model", "most_takeovers": 50, "runs_per_worker": 2}
    )
    runs = [await desk.create("Shout.", metadata=SHOUT) for _ in range(5)]

    async def kill_now_and_then(workers: WorkerProcesses) -> None:
        chance = random.Random(11)
        for _ in range(3):
            held = await desk.storage.runs.beats()
            while (await desk.storage.runs.beats()) == held:  # until a worker is at work
                await asyncio.sleep(0.02)
            await asyncio.sleep(chance.uniform(0, 1.2))
            for pid in workers.pids:
                os.kill(pid, signal.SIGKILL)

    async with WorkerProcesses(settings) as workers:
        killing = asyncio.create_task(kill_now_and_then(workers))
        ended = [await desk.wait(run, seconds=120) for run in runs]
        killing.cancel()
    assert sum(run.takeovers for run in ended) > 0
    assert {run.status for run in ended} == {"completed"}
    for run in runs:
        log = await desk.log(run)
        assert steps_in(log) == STEPS
        assert len({entry["key"] for entry in log}) == len(log)
        assert log[-1]["message_type"] == "FINAL_ANSWER"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_worker_process_told_to_end_gives_its_run_back(desk, gate) -> None:
    settings = desk.settings.model_copy(update={"model": "openai:test-model", "drain_seconds": 0.5})
    run = await desk.create("Shout.", metadata=SHOUT)
    async with WorkerProcesses(settings) as workers:
        await gate.was_asked()
        assert workers.alive
    assert not workers.alive
    given_back = await desk.get(run)
    assert (given_back.status, given_back.lease_owner, given_back.takeovers) == ("queued", None, 0)


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_worker_ends_when_its_server_is_gone(desk, gate) -> None:
    settings = desk.settings.model_copy(update={"model": "openai:test-model", "drain_seconds": 0.5})
    run = await desk.create("Shout.", metadata=SHOUT)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "genloom.interfaces.server.runs.worker_process"), stdin=asyncio.subprocess.PIPE
    )
    worker.stdin.write(settings.model_dump_json().encode() + b"\n")
    await gate.was_asked()
    worker.stdin.close()
    async with asyncio.timeout(60):
        assert await worker.wait() == 0
    assert (await desk.get(run)).status == "queued"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_worker_that_cannot_be_started_is_started_later(desk, monkeypatch, capsys) -> None:
    """Where there is no process left, say: the operator hears of it, and the server has no worker meanwhile."""
    start, failures = WorkerProcesses._start, iter([BlockingIOError(11, "Resource temporarily unavailable")] * 2)

    async def failing(self: WorkerProcesses) -> asyncio.subprocess.Process:
        if error := next(failures, None):
            assert not self.alive
            raise error
        return await start(self)

    monkeypatch.setattr(WorkerProcesses, "_start", failing)
    async with WorkerProcesses(desk.settings) as workers, asyncio.timeout(60):
        while not workers.alive:
            await asyncio.sleep(0.05)
    assert "genloom serve: a worker: BlockingIOError at test_worker_process.py" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_workers_that_end_again_and_again_are_none(desk, capfd) -> None:
    """Here for a file of checkpoints that is none: each says so, and the server does not call itself ready."""
    (desk.settings.data.parent / "server" / "checkpoints.db").write_bytes(b"not a database" * 100)
    async with WorkerProcesses(desk.settings) as workers, asyncio.timeout(60):
        while workers._fare[0].failures < 3:
            await asyncio.sleep(0.05)
        while not workers.pids:
            await asyncio.sleep(0.01)
        assert not workers.alive
    told = capfd.readouterr().err
    assert "genloom serve: a worker: It ended (" in told
    assert told.count("checkpoints.db: it is damaged") >= 3


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_disk_that_is_full_for_a_while_loses_and_doubles_nothing(desk, gate) -> None:
    """The worker may not write to any file meanwhile; then it may again."""
    settings = desk.settings.model_copy(update={"model": "openai:test-model"})
    run = await desk.create("Shout.", metadata=SHOUT)
    async with WorkerProcesses(settings) as workers:
        await gate.was_asked()
        (pid,) = workers.pids
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        gate.opened.set()
        await asyncio.sleep(2)
        full = await desk.get(run)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        ended = await desk.wait(run)
        assert workers.pids == (pid,)
    assert full.status == "in_progress"
    assert (ended.status, ended.result) == ("completed", SOURCE), ended.summary
    log = await desk.log(run)
    assert steps_in(log) == STEPS
    assert len({entry["key"] for entry in log}) == len(log)
