"""A worker carries runs out: real storage, real graph, real sandbox; the model is a server on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from gated_model import SHOUT_SOURCE

from genloom.interfaces.server.repositories import register_repository
from genloom.interfaces.server.runs.places import run_name
from genloom.testing import OpenAIServer
from genloom.tools.codegen.wire import ResumeAgentRunInput
from genloom.tools.scm.worktree import worktrees_in

SHOUT_TEST = "from shout import shout\n\n\ndef test_shout():\n    assert shout('a') == 'A?!x'\n"
SHOUT = {"name": "shout", "tests": SHOUT_TEST}
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


MODEL = {"model": "openai:test-model"}


async def test_a_run_is_carried_out_and_its_log_tells_how(desk, gate) -> None:
    gate.opened.set()
    run = await desk.create("Shout a text.", metadata=SHOUT)
    async with desk.working(**MODEL):
        ended = await desk.wait(run)
    assert ended.status == "completed", ended.summary
    assert ended.result == SHOUT_SOURCE
    assert ended.summary.startswith("Passed:")
    assert ended.outcome["outcome"] == "passed"
    assert ended.outcome["diff"].startswith("--- /dev/null\n+++ b/shout.py\n")
    log = await desk.log(run)
    actions = [entry for entry in log if entry["message_type"] == "ACTION"]
    assert [entry["tool_name"] for entry in actions] == [
        *("inject_context", "generate", "verify", "review", "finalize"),
    ]
    assert all(entry["tool_input"] and entry["tool_output"] for entry in actions)
    assert all(entry["thought"] for entry in log if entry["message_type"] == "PLAN_EVALUATION")
    assert log[-1]["message_type"] == "FINAL_ANSWER"
    assert log[-1]["observation"]["result"] == ended.result


@pytest.mark.slow
async def test_what_nothing_proves_says_so_first(desk, gate) -> None:
    gate.opened.set()
    run = await desk.create("Shout a text.", metadata={"name": "shout"})
    async with desk.working(**MODEL):
        ended = await desk.wait(run)
    assert (ended.status, ended.result) == ("completed", SHOUT_SOURCE)
    assert ended.summary.startswith("Unverified: nothing proves this code.")


@pytest.mark.slow
async def test_without_a_model_a_run_fails_and_says_what_next(desk) -> None:
    run = await desk.create("Write a compiler.")
    async with desk.working():
        ended = await desk.wait(run)
    assert (ended.status, ended.result) == ("failed", None)
    assert "--model" in ended.summary
    assert (await desk.log(run))[-1]["message_type"] == "ERROR"


@pytest.mark.slow
async def test_a_run_works_in_its_repository_and_leaves_nothing_behind(desk, project: Path, git) -> None:
    repo = await register_repository(desk.storage, desk.settings.data, 1, str(project))
    before = git(project, "status", "--porcelain", "--ignored"), git(project, "for-each-ref")
    metadata = {"name": "net", "examples": ["net(12.0) == 10.0", "net(0) == 0"], "target": "prices.py"}
    run = await desk.create("Return the net price.", metadata=metadata, repo_id=repo.id)
    async with desk.working():
        ended = await desk.wait(run)
    log = await desk.log(run)
    assert log[0]["tool_name"] == "checkout"
    assert log[0]["tool_output"]["commit"] == git(project, "rev-parse", "HEAD")
    context = next(entry for entry in log if entry["tool_name"] == "inject_context")
    assert context["tool_output"]["context"][0]["files"] == 1
    assert ended.status in ("completed", "failed"), ended.summary
    assert await worktrees_in(desk.settings.data / "work") == ()
    assert "refs/genloom/runs" not in git(desk.settings.data / "repos" / repo.folder, "for-each-ref")
    assert (git(project, "status", "--porcelain", "--ignored"), git(project, "for-each-ref")) == before


@pytest.mark.slow
async def test_a_run_without_a_repository_works_in_the_only_one(desk, project: Path) -> None:
    await register_repository(desk.storage, desk.settings.data, 1, str(project))
    run = await desk.create("Write a compiler.")
    async with desk.working():
        await desk.wait(run)
    assert (await desk.log(run))[0]["tool_name"] == "checkout"


async def test_a_repository_that_vanished_fails_the_run_and_tells_its_operator_where(
    desk, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = await register_repository(desk.storage, desk.settings.data, 1, str(project))
    shutil.rmtree(project)
    run = await desk.create("Write a compiler.", repo_id=repo.id)
    async with desk.working():
        ended = await desk.wait(run)
    assert ended.status == "failed"
    assert f"The repository {repo.full_name} cannot be checked out" in ended.summary
    assert str(project) not in f"{ended.summary} {ended.outcome}"
    told = capsys.readouterr().err
    assert f"The repository {project} is gone" in told
    assert "genloom serve repos add" in told


async def test_a_request_that_cannot_be_used_fails_the_run(desk) -> None:
    run = await desk.create("Double.", metadata={"examples": ["double(1) == 2", "double(1) == 3"]})
    other = await desk.create("Double.", metadata={"graph": "no-such-graph"})
    async with desk.working():
        ended, unknown = await desk.wait(run), await desk.wait(other)
    assert ended.status == "failed"
    assert "contradict" in ended.summary
    assert "There is no graph 'no-such-graph'" in unknown.summary


@pytest.mark.slow
async def test_a_model_that_refuses_the_key_fails_the_run_and_the_worker_lives_on(desk, gate, monkeypatch) -> None:
    with OpenAIServer([], api_key="another") as refusing:
        monkeypatch.setenv("OPENAI_BASE_URL", refusing.base_url)
        run = await desk.create("Shout.", metadata=SHOUT)
        async with desk.working(**MODEL):
            assert (await desk.wait(run)).status == "failed"
            after = await desk.create("Shout.", metadata=SHOUT, model="openai:no-such-model")
            assert "no-such-model" in (await desk.wait(after)).summary


async def test_a_graph_that_raises_fails_the_run_and_the_worker_lives_on(desk, monkeypatch) -> None:
    from genloom.interfaces.server.runs import graph_choice

    async def broken(job, **_: object) -> None:
        raise ZeroDivisionError("token=ghp_0123456789abcdefghijklmnopqrstuvwxyzAB")

    monkeypatch.setitem(graph_choice._GRAPHS, "broken", broken)
    run = await desk.create("Anything.", metadata={"graph": "broken"})
    async with desk.working():
        ended = await desk.wait(run)
        after = await desk.create("Write a compiler.")
        assert "--model" in (await desk.wait(after)).summary
    assert ended.status == "failed"
    assert "ZeroDivisionError" in ended.summary
    assert "ghp_" not in ended.summary + str(await desk.log(run))


async def test_cancel_stops_a_run_at_once(desk, gate) -> None:
    run = await desk.create("Shout.", metadata=SHOUT)
    async with desk.working(**MODEL):
        await gate.was_asked()
        await desk.storage.runs.want(1, run.id, "cancel")
        ended = await desk.wait(run)  # the gate stays shut
    assert (ended.status, ended.result) == ("cancelled", None)
    assert len([entry for entry in await desk.log(run) if entry["tool_name"] == "generate"]) == 0


async def test_pause_waits_for_the_node_in_flight_and_resume_goes_on_behind_it(desk, gate) -> None:
    run = await desk.create("Shout.", metadata=SHOUT)
    async with desk.working(**MODEL):
        await gate.was_asked()
        await desk.want(run, "pause")
        assert (await desk.get(run)).status == "in_progress"
        gate.opened.set()
        paused = await desk.wait(run, "paused")
        assert "resume" in paused.summary
        await desk.storage.runs.resume(1, run.id, ResumeAgentRunInput(agent_run_id=run.id, prompt="Go on."))
        ended = await desk.wait(run)
    assert (ended.status, ended.result) == ("completed", SHOUT_SOURCE)
    log = await desk.log(run)
    assert [e["tool_name"] for e in log if e["message_type"] == "ACTION"].count("generate") == 1
    assert "Go on." in [e["observation"] for e in log if e["message_type"] == "USER_MESSAGE"]


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "status"), [("Approve: nice work", "completed"), ("no, too loud", "failed")])
async def test_an_approval_is_waited_for_and_its_answer_decides(desk, gate, answer: str, status: str) -> None:
    gate.opened.set()
    run = await desk.create("Shout.", metadata={**SHOUT, "approval": True})
    async with desk.working(**MODEL):
        paused = await desk.wait(run, "paused")
        assert "approve" in paused.summary
        assert paused.outcome["question"]["source"] == SHOUT_SOURCE
        await desk.storage.runs.resume(1, run.id, ResumeAgentRunInput(agent_run_id=run.id, prompt="hm, let me see"))
        await desk.wait(run, "queued", "in_progress", "paused")
        unclear = await desk.wait(run, "paused")
        await desk.storage.runs.resume(1, run.id, ResumeAgentRunInput(agent_run_id=run.id, prompt=answer))
        ended = await desk.wait(run)
    assert "neither a yes nor a no" in unclear.summary
    assert ended.status == status, ended.summary
    assert "by a person" in ended.summary or "A person rejected the code. too loud" in ended.summary


@pytest.mark.slow
async def test_a_resumed_run_that_ended_gets_a_leg_with_what_was_made_so_far(desk, gate, monkeypatch) -> None:
    gate.opened.set()
    run = await desk.create("Shout.", metadata=SHOUT)
    async with desk.working(**MODEL):
        first = await desk.wait(run)
        with OpenAIServer([SHOUT_SOURCE.replace("+ '?!x'", "+ '?!' + 'x'")]) as second:
            monkeypatch.setenv("OPENAI_BASE_URL", second.base_url)
            await desk.storage.runs.resume(
                1, run.id, ResumeAgentRunInput(agent_run_id=run.id, prompt="Write the mark in two pieces.")
            )
            await asyncio.sleep(0)
            ended = await desk.wait(run)
            asked = "".join(message["content"] for message in second.chats[0]["messages"])
    assert (first.leg, ended.leg) == (1, 2)
    assert ended.status == "completed", ended.summary
    assert "'?!' + 'x'" in ended.result
    assert "Write the mark in two pieces." in asked
    assert "text.upper() + '?!x'" in asked
    kinds = [entry["message_type"] for entry in await desk.log(run)]
    assert kinds.count("FINAL_ANSWER") == 2


async def test_a_run_that_takes_too_long_times_out(desk, gate) -> None:
    run = await desk.create("Shout.", metadata=SHOUT)
    async with desk.working(**MODEL, run_seconds=0.8):
        ended = await desk.wait(run)
    assert (ended.status, ended.result) == ("timeout", None)
    assert "longer than 0.8 seconds" in ended.summary


@pytest.mark.slow
async def test_a_drained_worker_gives_its_run_back_and_another_goes_on(desk, gate) -> None:
    run = await desk.create("Shout.", metadata=SHOUT)
    async with desk.working(**MODEL):
        await gate.was_asked()
        asyncio.get_running_loop().call_later(0.2, gate.opened.set)
    given_back = await desk.get(run)
    assert (given_back.status, given_back.lease_owner) == ("queued", None)
    async with desk.working(**MODEL):
        ended = await desk.wait(run)
    assert (ended.status, ended.takeovers) == ("completed", 0)
    actions = [e["tool_name"] for e in await desk.log(run) if e["message_type"] == "ACTION"]
    assert actions == ["inject_context", "generate", "verify", "review", "finalize"]


@pytest.mark.slow
async def test_a_drain_that_takes_too_long_drops_the_node_in_flight(desk, gate) -> None:
    run = await desk.create("Shout.", metadata=SHOUT)
    async with desk.working(**MODEL, drain_seconds=0.3):
        await gate.was_asked()
    assert (await desk.get(run)).status == "queued"
    gate.opened.set()
    async with desk.working(**MODEL):
        assert (await desk.wait(run)).status == "completed"


async def test_a_run_that_keeps_ending_its_workers_is_failed(desk) -> None:
    run = await desk.create("Shout.", metadata=SHOUT)
    for _ in range(desk.settings.most_takeovers + 1):  # workers that fall silent
        stale = await desk.storage.runs.beats()
        assert await desk.storage.runs.lease("silent", stale=stale)
    async with desk.working(lease_seconds=1):
        ended = await desk.wait(run)
    assert ended.status == "failed"
    assert "4 workers in a row died" in ended.summary


@pytest.mark.slow
async def test_two_workers_carry_each_run_out_once(desk) -> None:
    runs = [await desk.create("Write a compiler.") for _ in range(6)]
    async with desk.working(), desk.working():
        ended = [await desk.wait(run) for run in runs]
    assert all("--model" in run.summary for run in ended)
    assert {run.lease_epoch for run in ended} == {1}
    for run in runs:
        kinds = [entry["message_type"] for entry in await desk.log(run)]
        assert kinds.count("ERROR") == 1


@pytest.mark.slow
async def test_organisations_take_turns(desk) -> None:
    other = await desk.storage.organizations.create("other")
    user = await desk.storage.users.create(other.id, full_name="Another", role="runner")
    crowd = [await desk.create("Write a compiler.") for _ in range(6)]
    late = [await desk.create("Write a compiler.", organization=other.id, user=user.id) for _ in range(2)]
    async with desk.working(runs_per_worker=1):
        ended = [await desk.wait(run) for run in (*crowd, *late)]
    order = [run.organization_id for run in sorted(ended, key=lambda run: run.started_at)]
    assert order == [1, other.id, 1, other.id, 1, 1, 1, 1]


async def test_worktrees_that_a_crash_left_are_swept_and_those_of_live_runs_and_other_databases_stay(desk) -> None:
    """The same number with another place is another database's run, until it is a week old."""
    live, rests = await desk.create("Shout.", metadata=SHOUT), await desk.create("Shout.", metadata=SHOUT)
    await desk.storage.runs.lease("elsewhere")
    await desk.storage.runs.want(1, rests.id, "pause")
    work = desk.settings.data / "work"
    theirs, long_gone = f"run-{rests.id}-1-{'a' * 32}", f"run-{rests.id}-1-{'b' * 32}"
    for name in (run_name(live), run_name(rests), theirs, long_gone, "somebody's"):
        (work / name / "sub").mkdir(parents=True)
    os.utime(work / long_gone, (1e9, 1e9))
    kept = tuple(sorted((run_name(live), theirs, "somebody's")))
    async with desk.working():
        async with asyncio.timeout(60):
            while await worktrees_in(work) != kept:
                await asyncio.sleep(0.03)
        await asyncio.sleep(0.3)
    assert await worktrees_in(work) == kept
