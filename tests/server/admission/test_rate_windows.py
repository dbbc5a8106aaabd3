"""Sliding windows: never more than the rate in any stretch, never less than it without need, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from genloom.interfaces.server.admission.rates import RateWindows
from genloom.tools.codegen.traffic.limits import Rate

STEPS = st.lists(st.integers(0, 40).map(lambda ticks: ticks / 4), max_size=60)  # quarters add up without rounding


@given(STEPS, st.integers(1, 5), st.integers(1, 8))
def test_no_stretch_holds_more_than_the_rate(steps: list[float], requests: int, seconds: int) -> None:
    """Whenever the requests come."""
    windows, now, passed = RateWindows(Rate(requests, seconds)), 0.0, []
    for step in steps:
        now += step
        if not windows.admit("k", now):
            passed.append(now)
    for first in passed:
        assert sum(first <= at < first + seconds for at in passed) <= requests


@given(STEPS, st.integers(1, 5), st.integers(1, 8))
def test_whoever_is_refused_was_one_too_many_and_is_told_when_to_come(
    steps: list[float], requests: int, seconds: int
) -> None:
    """The wait that is told is enough, and at that time the request passes."""
    windows, now, passed = RateWindows(Rate(requests, seconds)), 0.0, []
    for step in steps:
        now += step
        wait = windows.admit("k", now)
        if wait:
            assert sum(now - seconds < at <= now for at in passed) == requests
            assert 0 < wait <= seconds
            now += wait
            assert windows.admit("k", now) == 0
        passed.append(now)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=80), st.integers(1, 6))
def test_memory_is_bounded(calls: list[tuple[int, int]], most: int) -> None:
    """However many keys ask, no more than `most` are remembered, and keys do not share a window."""
    windows, now = RateWindows(Rate(1, 5), most=most), 0.0
    for key, step in calls:
        now += step
        fresh = not windows.wait(key, now)
        assert (windows.admit(key, now) == 0) == fresh
        assert len(windows) <= most


def test_without_a_rate_all_pass_and_nothing_is_kept() -> None:
    """`None` sets no bound."""
    windows = RateWindows(None)
    assert [windows.admit("k", 0.0) for _ in range(1000)] == [0.0] * 1000
    assert len(windows) == 0
