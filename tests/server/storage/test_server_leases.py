"""Leases of runs: taken fairly, kept by beating, lost for good, and ended once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worker_history import ACTIONS, Action, History

from genloom.interfaces.server.storage import NewDelivery, RunRecord, Storage
from genloom.tools.codegen.wire import CreateAgentRunInput

BATCHES = st.lists(
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=4),
    min_size=1,
    max_size=25,
)
START: list[Action] = [("create", 0, 0), ("create", 0, 0), ("lease", 0, 0), ("lease", 1, 0)]


async def carry_out(url: str, batches: list[list[Action]]) -> None:
    async with Storage.open(url) as storage:
        history = History(storage)
        for batch in [START, *batches]:
            await history.perform(batch)
        await history.check()


@settings(max_examples=12, deadline=None)
@given(batches=BATCHES)
def test_no_interleaving_ends_a_run_twice_or_writes_with_an_old_lease(batches: list[list[Action]]) -> None:
    """Whatever two workers do, at once or in turn, and go on doing with leases they lost: each leg ends once, leaves one
    message, and its log is in order."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(carry_out(f"sqlite:///{folder}/server.db", batches))


@pytest.fixture(scope="module")
def fresh_databases(postgres_server: Any) -> Iterator[str]:
    """Yield the URLs of empty Postgres databases, one after the other."""

    def urls() -> Iterator[str]:
        for number in range(10_000):
            postgres_server.psql(f"CREATE DATABASE leases_{number};")
            yield str(postgres_server.get_uri(database=f"leases_{number}"))

    return urls()


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_the_same_holds_on_postgres(fresh_databases: Iterator[str], batches: list[list[Action]]) -> None:
    """There transactions truly run at the same time."""
    asyncio.run(carry_out(next(fresh_databases), batches))


async def several(storage: Storage, organization: int, user: int, count: int) -> list[int]:
    asked = CreateAgentRunInput(prompt="p")
    made = [
        await storage.runs.create(organization, user, asked, graph="generation", most_queued=99) for _ in range(count)
    ]
    return [run.id for run, _ in made]


async def leased(storage: Storage, owner: str = "worker", **given: Any) -> RunRecord:
    run = await storage.runs.lease(owner, **given)
    assert run is not None
    return run


async def test_organization_with_the_fewest_runs_under_way_comes_first(storage: Storage) -> None:
    """A long queue of one organisation does not keep another one waiting; within one, the oldest comes first."""
    other = (await storage.organizations.create("other")).id
    user = (await storage.users.create(other, role="runner")).id
    first = await several(storage, 1, 1, 4)
    second = await several(storage, other, user, 2)
    taken = [(await leased(storage)).id for _ in range(4)]
    assert taken == [first[0], second[0], first[1], second[1]]
    assert await storage.runs.finish(second[0], 1, status="completed", result=None, summary=None)
    third = await several(storage, other, user, 1)
    assert (await leased(storage)).id == third[0]


async def test_resuming_paused_runs_gains_no_turns(storage: Storage) -> None:
    """A run that goes on takes its organisation's turn as a new one does."""
    other = (await storage.organizations.create("other")).id
    user = (await storage.users.create(other, role="runner")).id
    resumed = await several(storage, 1, 1, 3)
    for _ in resumed:
        run = await leased(storage)
        assert await storage.runs.pause(run.id, run.lease_epoch, "rests")
    for number in resumed:
        await storage.runs.want(1, number, "run")
    await several(storage, other, user, 3)
    turns = []
    for _ in range(6):
        run = await leased(storage)
        turns.append(run.organization_id)
        assert await storage.runs.finish(run.id, run.lease_epoch, status="completed", result=None, summary=None)
    assert turns == [other, 1, other, 1, other, 1]


async def test_cancelled_run_that_a_worker_gave_back_comes_first(storage: Storage) -> None:
    """It costs nothing, and whoever cancelled it is waiting."""
    first, second, _ = await several(storage, 1, 1, 3)
    assert (await leased(storage)).id == first
    run = await leased(storage)
    await storage.runs.want(1, second, "cancel")
    assert await storage.runs.release(second, run.lease_epoch)
    again = await leased(storage)
    assert (again.id, again.wanted, again.lease_epoch, again.takeovers) == (second, "cancel", 2, 0)


async def test_lease_is_taken_over_only_while_its_beat_stands_still(storage: Storage) -> None:
    """One beat after the look is enough to keep it; what stood still is taken over, and counted."""
    (number,) = await several(storage, 1, 1, 1)
    run = await leased(storage, "first")
    seen = await storage.runs.beats()
    assert seen == {(number, 1, 0)}
    assert await storage.runs.beat(number, 1) is not None
    assert await storage.runs.lease("second", stale=seen) is None
    taken = await leased(storage, "second", stale=await storage.runs.beats())
    assert (taken.id, taken.lease_epoch, taken.takeovers, taken.lease_owner) == (number, 2, 1, "second")
    assert taken.started_at == run.started_at
    assert await storage.runs.beat(number, 1) is None
    assert not await storage.logs.append(1, number, 1, [{}])
    assert not await storage.runs.finish(number, 1, status="failed", result=None, summary=None)
    assert not await storage.runs.release(number, 1)
    assert await storage.runs.finish(number, 2, status="completed", result="r", summary="s", outcome={"a": [1]})
    ended = await storage.runs.get(1, number)
    assert ended is not None
    assert (ended.status, ended.result, ended.outcome, ended.lease_owner) == ("completed", "r", {"a": [1]}, None)


async def test_end_and_its_messages_are_one_step(storage: Storage) -> None:
    """A message that cannot be stored leaves the run as it was."""
    (number,) = await several(storage, 1, 1, 1)
    await leased(storage)
    wrong = NewDelivery(id="x", event="ended", url="http://h/", secret=None, body=object())  # type: ignore[arg-type]
    right = NewDelivery(id="y", event="ended", url="http://h/", secret=None, body="{}")
    with pytest.raises(Exception, match="not JSON serializable"):
        await storage.runs.finish(number, 1, status="completed", result="r", summary="s", deliveries=[right, wrong])
    run = await storage.runs.get(1, number)
    assert run is not None
    assert (run.status, run.result) == ("in_progress", None)
    assert (await storage.deliveries.page(1, skip=0, limit=9))[1] == 0
    assert await storage.runs.finish(number, 1, status="completed", result="r", summary="s", deliveries=[right])
    assert (await storage.deliveries.page(1, skip=0, limit=9))[1] == 1


async def test_workers_at_once_get_different_runs(storage: Storage) -> None:
    """Ten that ask at the same moment share out what is there."""
    made = await several(storage, 1, 1, 6)
    got = await asyncio.gather(*(storage.runs.lease(f"w{n}") for n in range(10)))
    assert sorted(run.id for run in got if run) == made
