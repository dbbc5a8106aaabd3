"""What legs keep outside the database: never another one's, and nothing once they have ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from genloom.interfaces.server.repositories import mirror_of, register_repository
from genloom.interfaces.server.runs.checkpoints import NOTHING, Saved, open_saver, saved_thread
from genloom.interfaces.server.runs.places import run_name, worktree_of
from genloom.interfaces.server.storage import RunRecord, Storage
from genloom.tools.codegen.wire import ResumeAgentRunInput

DOUBLE = {"name": "double", "examples": ["double(2) == 4", "double(5) == 10"]}
BACKWARDS = {"name": "backwards", "examples": ["backwards('ab') == 'ba'", "backwards('xyz') == 'zyx'"]}


async def saved(desk, run: RunRecord) -> Saved:
    async with open_saver(desk.settings.database) as saver:
        return await saved_thread(saver, run.organization_id, run_name(run))


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_database_begun_anew_beside_old_checkpoints_gets_none_of_their_answers(desk, sqlite_url: str) -> None:
    """The first run's number is the same, and so is its leg's; its thread waits for a person in the old checkpoints."""
    first = await desk.create("Double a number.", metadata={**DOUBLE, "approval": True})
    async with desk.working():
        await desk.wait(first, "paused")
    async with Storage.open(sqlite_url.replace("server.db", "anew.db")) as anew:
        again = type(desk)(
            anew, desk.settings.model_copy(update={"database": sqlite_url.replace("server.db", "anew.db")})
        )
        second = await again.create("Turn a text round.", metadata=BACKWARDS)
        async with again.working():
            ended = await again.wait(second)
    assert (second.id, second.leg) == (first.id, first.leg)
    assert ended.status == "completed", ended.summary
    assert "def backwards" in ended.result


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_two_databases_of_one_data_folder_have_mirrors_of_their_own(
    desk, project: Path, tmp_path: Path, git, sqlite_url: str
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(project), str(other))
    git(other, "commit", "--quiet", "--allow-empty", "-m", "Another")
    data = desk.settings.data
    mine = await register_repository(desk.storage, data, 1, str(project))
    async with Storage.open(sqlite_url.replace("server.db", "another.db")) as storage:
        theirs = await register_repository(storage, data, 1, str(other))
    assert mine.id == theirs.id
    first = await mirror_of(data, mine).add_worktree(data / "work" / "a", "run-1-1")
    second = await mirror_of(data, theirs).add_worktree(data / "work" / "b", "run-1-1")
    assert (first, second) == (git(project, "rev-parse", "HEAD"), git(other, "rev-parse", "HEAD"))
    assert first != second


async def test_nothing_is_left_of_a_run_that_ended(desk, project: Path, git) -> None:
    repo = await register_repository(desk.storage, desk.settings.data, 1, str(project))
    run = await desk.create("Double a number.", metadata={**DOUBLE, "approval": True})
    async with desk.working():
        paused = await desk.wait(run, "paused")
        assert await saved(desk, run) != NOTHING
        await desk.storage.runs.resume(1, run.id, ResumeAgentRunInput(agent_run_id=run.id, prompt="approve"))
        ended = await desk.wait(run)
        await everything_tidied(desk)
    assert paused.question
    assert ended.status == "completed", ended.summary
    assert await saved(desk, run) == NOTHING
    assert "refs/genloom/runs" not in git(mirror_of(desk.settings.data, repo).folder, "for-each-ref")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nor_of_one_that_was_cancelled_while_nobody_worked_on_it(desk, project: Path, git) -> None:
    repo = await register_repository(desk.storage, desk.settings.data, 1, str(project))
    run = await desk.create("Double a number.", metadata={**DOUBLE, "approval": True})
    async with desk.working():
        await desk.wait(run, "paused")
    await desk.storage.runs.want(1, run.id, "cancel")
    worktree_of(run, desk.settings).mkdir(parents=True)
    assert await saved(desk, run) != NOTHING
    async with desk.working():
        await everything_tidied(desk)
    assert await saved(desk, run) == NOTHING
    assert not worktree_of(run, desk.settings).exists()
    assert "refs/genloom/runs" not in git(mirror_of(desk.settings.data, repo).folder, "for-each-ref")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_time_that_earlier_workers_worked_counts(desk) -> None:
    """Else a run that its workers give back again and again would never time out."""
    run = await desk.create("Double a number.", metadata=DOUBLE)
    leased = await desk.storage.runs.lease("earlier")
    await desk.storage.runs.beat(run.id, leased.lease_epoch, worked=59.999)
    await desk.storage.runs.release(run.id, leased.lease_epoch)
    async with desk.working(run_seconds=60):
        ended = await desk.wait(run)
    assert ended.status == "timeout"


async def everything_tidied(desk) -> None:
    async with asyncio.timeout(60):
        while await desk.storage.runs.untidy(9):
            await asyncio.sleep(0.03)
