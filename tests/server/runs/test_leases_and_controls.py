"""Leases by their holder's own clock, the ways to stop a run, and what a person's answer means."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import StorageError
from genloom.interfaces.server.runs.controls import RunControls, approval_answer
from genloom.interfaces.server.runs.lease import LOST_SHARE, Lease, LeaseWatch
from genloom.interfaces.server.runs.work_time import WorkTime


class Clock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_lease_is_stale_only_when_the_same_beat_was_seen_for_the_whole_time() -> None:
    clock = Clock()
    watch = LeaseWatch(30, clock)
    assert watch.stale([(1, 1, 5)]) == set()
    clock.now += 29
    assert watch.stale([(1, 1, 5)]) == set()
    clock.now += 2
    assert watch.stale([(1, 1, 6)]) == set()  # it beat meanwhile
    clock.now += 30
    assert watch.stale([(1, 1, 6)]) == {(1, 1, 6)}


def test_a_worker_that_slept_does_not_take_over_what_it_has_not_watched() -> None:
    clock = Clock()
    watch = LeaseWatch(30, clock)
    watch.stale([(1, 1, 5)])
    clock.now += 10_000  # suspended
    assert watch.stale([(1, 1, 900), (2, 1, 3)]) == set()


def test_own_runs_are_never_taken_over() -> None:
    clock = Clock()
    watch = LeaseWatch(30, clock)
    watch.stale([(1, 1, 5)], own=[1])
    clock.now += 60
    assert watch.stale([(1, 1, 5)], own=[1]) == set()
    assert watch.stale([(1, 1, 5)]) == set()  # it counts from when it was no longer ours


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=40))
def test_who_beats_in_time_is_never_stale_and_who_falls_silent_is(steps: list[tuple[int, bool]]) -> None:
    clock = Clock()
    watch = LeaseWatch(30, clock)
    beat, still_since = 0, None
    for seconds, beats in steps:
        clock.now += seconds
        beat += beats
        stale = watch.stale([(7, 1, beat)])
        if beats or still_since is None:
            still_since = clock.now
        assert stale == ({(7, 1, beat)} if clock.now - still_since >= 30 else set())


async def test_a_clock_of_the_machine_that_jumps_takes_no_run_from_its_worker(desk, monkeypatch) -> None:
    """The wall clock goes a day forward and two back; only the monotonic one counts."""
    import time

    jumps = iter([0.0, 86_400.0, -172_800.0])
    real, offset = time.time, [0.0]
    monkeypatch.setattr(desk.storage.runs, "_clock", lambda: real() + offset[0])
    run = await desk.create("Anything.")
    leased = await desk.storage.runs.lease("one")
    watch = LeaseWatch(30)
    for jump in jumps:
        offset[0] += jump
        assert await desk.storage.runs.beat(run.id, leased.lease_epoch)
        assert await desk.storage.runs.lease("two", stale=watch.stale(await desk.storage.runs.beats())) is None


async def test_a_holder_that_cannot_beat_gives_its_lease_up_before_others_may_take_it(desk, monkeypatch) -> None:
    await desk.create("Anything.")
    run = await desk.storage.runs.lease("one")
    clock, controls = Clock(), RunControls()

    async def cannot(*_: object, **__: object) -> None:
        clock.now += 3
        raise StorageError("The disk is full.")

    monkeypatch.setattr(desk.storage.runs, "beat", cannot)
    lease = Lease(desk.storage.runs, run, WorkTime(), beat_seconds=0.001, lease_seconds=30, clock=clock)
    async with asyncio.timeout(60):
        await lease.keep(controls)
    assert controls.reason == "lost"
    assert clock.now - 1000 <= 30 * LOST_SHARE + 3 < 30


async def test_a_lease_that_was_taken_over_is_noticed(desk) -> None:
    await desk.create("Anything.")
    run = await desk.storage.runs.lease("one")
    assert await desk.storage.runs.lease("two", stale=await desk.storage.runs.beats())
    controls = RunControls()
    async with asyncio.timeout(60):
        await Lease(desk.storage.runs, run, WorkTime(), beat_seconds=0.01, lease_seconds=30).keep(controls)
    assert controls.reason == "lost"


@given(st.lists(st.sampled_from(["pause", "shut_down", "time_out", "cancel", "lose"]), min_size=1))
def test_the_strongest_reason_stands(asked: list[str]) -> None:
    controls = RunControls()
    for each in asked:
        if each in ("pause", "cancel"):
            controls.want(each)
        else:
            getattr(controls, each)()
    order = ["pause", "shut_down", "time_out", "cancel", "lose"]
    words = dict(zip(order, ["pause", "shutdown", "timeout", "cancel", "lost"], strict=True))
    assert controls.reason == words[max(asked, key=order.index)]
    assert controls.drain.drain_requested == bool({"pause", "shut_down"} & set(asked))


@pytest.mark.parametrize(
    ("text", "approve", "comment"),
    [
        ("approve", True, ""), (" Approved. ", True, ""), ("LGTM!", True, ""), ("yes, ship it", True, "ship it"),
        ("reject: handle tabs,\ntoo", False, "handle tabs,\ntoo"), ("No.", False, ""), ("false", False, ""),
        ('{"approve": false, "comment": "why"}', False, "why"), ('{"approve": true}', True, ""),
    ],
)  # fmt: skip
def test_a_yes_or_no_comes_first(text: str, approve: bool, comment: str) -> None:
    assert approval_answer(text) == {"approve": approve, "comment": comment}


@pytest.mark.parametrize(
    "text",
    ["", "no problem, go ahead", "yesterday", "I approve", "approval?", "okay", '{"approve": "true"}', "[true]", "1"],
)
def test_what_is_neither_is_taken_for_neither(text: str) -> None:
    assert approval_answer(text) is None


@given(st.text())
def test_no_text_approves_unless_it_begins_with_a_yes(text: str) -> None:
    answer = approval_answer(text)
    if answer is not None and answer["approve"]:
        first = text.strip().casefold()
        assert first.startswith(("approve", "yes", "y", "ok", "true", "accept", "lgtm")) or json.loads(text)["approve"]
