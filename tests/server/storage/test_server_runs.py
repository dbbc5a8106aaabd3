"""Runs in the storage: accepted once, read, wanted otherwise, resumed."""

from __future__ import annotations

import pytest

from genloom.interfaces.server.storage import (
    NewDelivery,
    QueueFullError,
    RunRecord,
    StateConflictError,
    Storage,
    UnknownRowError,
)
from genloom.tools.codegen.wire import CreateAgentRunInput, ResumeAgentRunInput

TOO_LARGE = 2**63


async def queued(
    storage: Storage, organization: int = 1, prompt: str = "Double a number", **given: object
) -> RunRecord:
    asked = CreateAgentRunInput.model_validate({"prompt": prompt, **given})
    run, _ = await storage.runs.create(organization, 1, asked, graph="generation", most_queued=100)
    return run


async def test_accepted_run_is_found_as_it_was_asked_for(storage: Storage) -> None:
    """What a caller may send comes back as it was, whatever characters and numbers are in it; images are counted."""
    odd = {"text": "\0 \ud800 ü", "number": float("inf"), "deep": [{"a": None}], "large": 10**40}
    run = await queued(
        storage, prompt="a\0b\U0001f600", metadata=odd, images=["data:image/png;base64,AAAA"], model="m\0"
    )
    found = await storage.runs.get(1, run.id)
    assert found == run
    assert (run.prompt, run.metadata, run.model, run.images) == ("a\0b\U0001f600", odd, "m\0", 1)
    assert (run.status, run.leg, run.source_type, run.wanted, run.ended) == ("queued", 1, "API", "run", False)


async def test_idempotency_key_finds_the_first_run(storage: Storage) -> None:
    """The same key in the same organisation is one run, even while the queue is full; in another it is another run."""
    other = (await storage.organizations.create("other")).id
    user = (await storage.users.create(other, role="runner")).id
    asked = CreateAgentRunInput(prompt="p", metadata={"idempotency_key": "k" * 9000})
    first, created = await storage.runs.create(1, 1, asked, graph="generation", most_queued=1)
    again, created_again = await storage.runs.create(1, 1, asked, graph="generation", most_queued=1)
    elsewhere, created_elsewhere = await storage.runs.create(other, user, asked, graph="generation", most_queued=1)
    assert (created, created_again, created_elsewhere) == (True, False, True)
    assert again == first
    assert elsewhere.id != first.id


async def test_queue_of_an_organization_is_bounded(storage: Storage) -> None:
    """An organisation that has as many waiting as it may is refused; another one is not."""
    other = (await storage.organizations.create("other")).id
    user = (await storage.users.create(other, role="runner")).id
    asked = CreateAgentRunInput(prompt="p")
    for _ in range(3):
        await storage.runs.create(1, 1, asked, graph="generation", most_queued=3)
    with pytest.raises(QueueFullError):
        await storage.runs.create(1, 1, asked, graph="generation", most_queued=3)
    await storage.runs.create(other, user, asked, graph="generation", most_queued=3)
    assert (await storage.runs.page(1, skip=0, limit=10))[1] == 3


async def test_run_names_a_user_and_repository_of_its_organization(storage: Storage) -> None:
    """Neither another organisation's user nor its repository, nor one that was removed, can be named."""
    other = (await storage.organizations.create("other")).id
    stranger = (await storage.users.create(other, role="runner")).id
    theirs = await storage.repos.create(other, name="r", full_name="o/r", source="/r")
    gone = await storage.repos.create(1, name="r", full_name="o/r", source="/r")
    await storage.repos.remove(1, gone.id)
    for user, repo in ((stranger, None), (1, theirs.id), (1, gone.id), (1, TOO_LARGE), (TOO_LARGE, None), (-1, None)):
        asked = CreateAgentRunInput(prompt="p", repo_id=repo)
        with pytest.raises(UnknownRowError):
            await storage.runs.create(1, user, asked, graph="generation", most_queued=9)
    mine = await storage.repos.create(1, name="r", full_name="o/r", source="/r")
    assert (await queued(storage, repo_id=mine.id)).repo_id == mine.id


async def test_pages_are_newest_first_with_the_total(storage: Storage) -> None:
    """A page tells how many runs there are, also when it lies behind the last of them."""
    made = [(await queued(storage)).id for _ in range(5)]
    items, total = await storage.runs.page(1, skip=1, limit=2)
    assert ([run.id for run in items], total) == ([made[3], made[2]], 5)
    assert await storage.runs.page(1, skip=5, limit=2) == ((), 5)
    assert await storage.runs.page(1, skip=10**30, limit=10**30) == ((), 5)
    assert (await storage.runs.page(1, skip=0, limit=9, user_id=2))[1] == 0
    assert (await storage.runs.page(1, skip=0, limit=9, user_id=1, source_type="API"))[1] == 5
    assert (await storage.runs.page(1, skip=0, limit=9, source_type="SLACK"))[1] == 0
    assert await storage.runs.page(1, skip=0, limit=9, user_id=TOO_LARGE) == ((), 0)
    for skip, limit in ((-1, 1), (0, -1)):
        with pytest.raises(ValueError, match="page"):
            await storage.runs.page(1, skip=skip, limit=limit)


@pytest.mark.parametrize("number", [0, -1, TOO_LARGE, -TOO_LARGE, 10**40])
async def test_number_that_no_row_can_have_is_not_found(storage: Storage, number: int) -> None:
    """Numbers that the database cannot even store name nothing, in whatever place they stand."""
    await queued(storage)
    assert await storage.runs.get(number, 1) is None
    assert await storage.runs.get(1, number) is None
    assert await storage.runs.want(1, number, "cancel") is None
    assert await storage.runs.resume(1, number, ResumeAgentRunInput(agent_run_id=1, prompt="p")) is None
    assert await storage.runs.set_flags(1, number, checks_banned=True) is None
    assert await storage.runs.beat(number, 1) is None
    assert await storage.runs.progress({(1, number), (number, 1)}) == {}
    assert await storage.logs.page(1, number, skip=0, limit=1) == ((), 0)
    assert not await storage.logs.append(1, number, 1, [{}])
    assert await storage.repos.get(1, number) is None
    assert await storage.repos.remove(number, number) is None
    assert await storage.users.get(1, number) is None
    assert await storage.organizations.get(number) is None
    assert not await storage.keys.revoke(1, number)
    assert await storage.webhooks.get(number) is None


async def test_waiting_run_changes_at_once_when_it_is_wanted_otherwise(storage: Storage) -> None:
    """Nobody works on it: it is paused, queued or cancelled in the one step, and its message is in the outbox."""
    run = await queued(storage)
    paused = await storage.runs.want(1, run.id, "pause")
    assert paused is not None
    assert paused.status == "paused"
    assert (await storage.runs.want(1, run.id, "pause")) == paused
    assert await storage.runs.lease("worker") is None
    again = await storage.runs.want(1, run.id, "run")
    assert again is not None
    assert again.status == "queued"
    message = NewDelivery(id="d1", event="agent_run.cancelled", url="http://h/", secret=None, body="{}")
    cancelled = await storage.runs.want(1, run.id, "cancel", deliveries=[message])
    assert cancelled is not None
    assert (cancelled.status, cancelled.ended, cancelled.ended_at is None) == ("cancelled", True, False)
    assert await storage.runs.want(1, run.id, "cancel", deliveries=[message]) == cancelled
    assert [delivery.id for delivery in (await storage.deliveries.page(1, skip=0, limit=9))[0]] == ["d1"]
    for wanted in ("pause", "run"):
        with pytest.raises(StateConflictError):
            await storage.runs.want(1, run.id, wanted)
    assert await storage.runs.lease("worker") is None


async def test_worker_sees_what_is_wanted_with_its_next_beat(storage: Storage) -> None:
    """A run under way stays under way until its worker acts; a cancelled one can be neither paused nor gone on with."""
    run = await queued(storage)
    leased = await storage.runs.lease("worker")
    assert leased is not None
    asked = await storage.runs.want(1, run.id, "pause")
    assert asked is not None
    assert (asked.status, asked.wanted) == ("in_progress", "pause")
    seen = await storage.runs.beat(run.id, leased.lease_epoch)
    assert seen is not None
    assert seen.wanted == "pause"
    await storage.runs.want(1, run.id, "cancel")
    for wanted in ("pause", "run"):
        with pytest.raises(StateConflictError):
            await storage.runs.want(1, run.id, wanted)
    assert not await storage.runs.pause(run.id, leased.lease_epoch, "rests")
    assert await storage.runs.finish(run.id, leased.lease_epoch, status="cancelled", result=None, summary="stopped")


async def test_ended_run_is_resumed_as_its_next_leg(storage: Storage) -> None:
    """The follow-up knows what the last leg came to; the run shows none of it any more, and keeps its log."""
    run = await queued(storage)
    resume = ResumeAgentRunInput(agent_run_id=run.id, prompt="and now halve it")
    with pytest.raises(StateConflictError):
        await storage.runs.resume(1, run.id, resume)
    leased = await storage.runs.lease("worker")
    assert leased is not None
    await storage.logs.append(1, run.id, leased.lease_epoch, [{"n": 1}])
    await storage.runs.finish(
        run.id, leased.lease_epoch, status="completed", result="code", summary="passed", outcome={}
    )
    with pytest.raises(QueueFullError):
        await storage.runs.resume(1, run.id, resume, most_queued=0)
    resumed = await storage.runs.resume(1, run.id, resume)
    assert resumed is not None
    assert (resumed.status, resumed.leg, resumed.result, resumed.summary, resumed.ended_at) == (
        *("queued", 2, None, None),
        None,
    )
    assert resumed.resume == {
        "kind": "follow_up",
        "prompt": "and now halve it",
        "previous_result": "code",
        "previous_summary": "passed",
    }
    second = await storage.runs.lease("worker")
    assert second is not None
    assert await storage.logs.append(1, run.id, second.lease_epoch, [{"n": 2}])
    logs, total = await storage.logs.page(1, run.id, skip=0, limit=9)
    assert ([log.number for log in logs], total) == ([1, 2], 2)


@pytest.mark.parametrize("question", ["q", None])
async def test_paused_run_goes_on_with_an_answer_only_if_it_was_asked(storage: Storage, question: str | None) -> None:
    """It stays in its leg: the question that waits gets what is said; a run that was merely held takes it as a word."""
    run = await queued(storage)
    leased = await storage.runs.lease("worker")
    assert leased is not None
    assert await storage.runs.pause(run.id, leased.lease_epoch, "Approve it?", question=question)
    resumed = await storage.runs.resume(1, run.id, ResumeAgentRunInput(agent_run_id=run.id, prompt="yes", model="m2"))
    assert resumed is not None
    kind = {"kind": "go_on"} if question is None else {"kind": "answer", "question": "q"}
    assert resumed.resume == {"prompt": "yes", **kind}
    assert resumed.place == run.place
    assert (resumed.status, resumed.leg, resumed.model, resumed.summary) == ("queued", 1, "m2", "Approve it?")


async def test_run_that_shall_be_cancelled_and_was_given_back_can_be_nothing_else(storage: Storage) -> None:
    """Its worker was drained before it saw the wish: the wish stands in the queue, too."""
    run = await queued(storage)
    leased = await storage.runs.lease("worker")
    assert leased is not None
    await storage.runs.want(1, run.id, "cancel")
    assert await storage.runs.release(run.id, leased.lease_epoch)
    for wanted in ("pause", "run"):
        with pytest.raises(StateConflictError):
            await storage.runs.want(1, run.id, wanted)
    cancelled = await storage.runs.want(1, run.id, "cancel")
    assert cancelled is not None
    assert cancelled.status == "cancelled"


async def test_each_leg_has_a_place_of_its_own_and_begins_its_time_anew(storage: Storage) -> None:
    """Within a leg both stay, whoever works on it; a follow-up that was resumed within its leg is not forgotten."""
    first, second = await queued(storage), await queued(storage)
    assert len({first.place, second.place}) == 2
    leased = await storage.runs.lease("worker")
    assert leased is not None
    beaten = await storage.runs.beat(first.id, leased.lease_epoch, worked=7.5)
    assert beaten is not None
    assert await storage.runs.release(first.id, leased.lease_epoch)
    leased = await storage.runs.lease("another")
    assert leased is not None
    assert (leased.place, leased.worked) == (first.place, 7.5)
    await storage.runs.finish(first.id, leased.lease_epoch, status="completed", result="code", summary="passed")
    follow_up = await storage.runs.resume(1, first.id, ResumeAgentRunInput(agent_run_id=first.id, prompt="halve it"))
    assert follow_up is not None
    assert (follow_up.place == first.place, follow_up.worked, follow_up.question) == (False, 0.0, None)
    await storage.runs.want(1, first.id, "pause")
    gone_on = await storage.runs.resume(1, first.id, ResumeAgentRunInput(agent_run_id=first.id, prompt="go on"))
    assert gone_on is not None
    assert gone_on.resume == {"kind": "go_on", "prompt": "go on", "follow_up": follow_up.resume}


async def test_what_ended_unseen_is_untidy_until_it_was_tidied(storage: Storage) -> None:
    """Also a run that was cancelled while it rested; one that never began left nothing."""
    await storage.runs.want(1, (await queued(storage)).id, "cancel")
    run = await queued(storage)
    leased = await storage.runs.lease("worker")
    assert leased is not None
    assert await storage.runs.pause(run.id, leased.lease_epoch, "rests")
    assert await storage.runs.untidy(9) == ()
    cancelled = await storage.runs.want(1, run.id, "cancel")
    assert await storage.runs.untidy(9) == (cancelled,)
    assert await storage.runs.rests(run.id, run.place) is True
    assert await storage.runs.rests(run.id, "0" * 32) is None
    assert cancelled is not None
    await storage.runs.tidied(cancelled)
    assert await storage.runs.untidy(9) == ()


async def test_progress_tells_of_many_runs_at_once(storage: Storage) -> None:
    """Each with its status and the number of its last log entry; a pair of strangers is left out."""
    first, second = await queued(storage), await queued(storage)
    leased = await storage.runs.lease("worker")
    assert leased is not None
    await storage.logs.append(1, leased.id, leased.lease_epoch, [{}, {}])
    found = await storage.runs.progress({(1, first.id), (1, second.id), (2, first.id), (1, 99)})
    assert {pair: (run.status, number) for pair, (run, number) in found.items()} == {
        (1, first.id): ("in_progress", 2),
        (1, second.id): ("queued", 0),
    }


async def test_flags_are_set_one_by_one(storage: Storage) -> None:
    """A flag that is not given stays as it is."""
    run = await queued(storage)
    await storage.runs.set_flags(1, run.id, checks_banned=True)
    flagged = await storage.runs.set_flags(1, run.id, removed_from_pr=True)
    assert flagged is not None
    assert (flagged.checks_banned, flagged.removed_from_pr) == (True, True)


async def test_secrets_of_a_run_show_in_no_repr(storage: Storage) -> None:
    """Neither the run's record nor its webhooks tell the secret when they are printed."""
    run = await queued(storage, webhooks=[{"url": "http://h/", "secret": "hush-hush-hush-hush"}])
    assert run.webhooks == ({"url": "http://h/", "secret": "hush-hush-hush-hush"},)
    assert "hush" not in repr(run)


async def test_looking_runs_up_reads_no_whole_table_or_index(sqlite_url: str) -> None:
    """Those who poll are answered as quickly when there are a million runs: SQLite searches, it does not scan."""
    from genloom.interfaces.server.storage.run_queries import PROGRESS

    explained: list[str] = []
    async with Storage.open(sqlite_url) as storage:
        with storage._database.read() as db:
            driver = db.connection.dbapi_connection
            assert driver is not None
            driver.set_trace_callback(explained.append)
            db.execute(PROGRESS, {"pairs": [(1, 1), (1, 2)], "numbers": [1, 2]}).all()
            driver.set_trace_callback(None)
            (statement,) = [text for text in explained if "run_logs" in text]
            plan = [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
    assert any("SEARCH runs USING INTEGER PRIMARY KEY" in step for step in plan), plan
    assert not any(step.startswith(("SCAN runs", "SCAN run_logs")) for step in plan), plan
