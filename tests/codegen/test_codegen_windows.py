"""The sliding window of requests, against the server's own way of counting and a clock of the test's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from genloom.tools.codegen.traffic import Limits, Rate, SlidingWindow, request_class

RATE = Rate(3, 10.0)


class WindowMachine(RuleBasedStateMachine):
    """Any order of requests, ends, refusals and waits: the server never sees more than the rate in any stretch of time,
    wherever between its start and its end it counts each request."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.window = SlidingWindow(RATE)
        self.under_way: list[tuple[float, float]] = []
        self.counted: list[float] = []
        self.paused_until = 0.0

    @rule(seconds=st.floats(0.0, 12.0))
    def pass_time(self, seconds: float) -> None:
        """The clock moves on."""
        self.now += seconds

    @rule(share=st.floats(0.0, 1.0))
    def send(self, share: float) -> None:
        """A request goes as soon as the window lets it; `share` is where in its life the server counts it."""
        if self.window.wait(self.now) == 0:
            assert self.now >= self.paused_until
            self.window.take()
            self.under_way.append((self.now, share))

    @rule()
    def send_when_told(self) -> None:
        """After exactly the wait that was told, the next request may go."""
        wait = self.window.wait(self.now)
        if wait is not None:
            self.now += wait
            while (more := self.window.wait(self.now)) is not None and 0 < more < 1e-6:
                self.now += 1e-6  # sums of floats
            assert self.window.wait(self.now) == 0
            self.send(0.5)

    @rule()
    def withdraw(self) -> None:
        """A request that never left frees its place at once."""
        if self.under_way:
            self.under_way.pop()
            self.window.give_back()
            assert self.window.under_way == len(self.under_way)

    @rule(refused=st.booleans(), pause=st.floats(0.0, 30.0))
    def end(self, refused: bool, pause: float) -> None:
        """A request ends, well or refused."""
        if not self.under_way:
            return
        started, share = self.under_way.pop(0)
        self.counted.append(started + share * (self.now - started))
        self.window.end(self.now)
        if refused:
            self.window.refuse(self.now, started=started, pause=pause)
            self.paused_until = max(self.paused_until, self.now + pause)

    @invariant()
    def the_server_has_no_reason_to_refuse(self) -> None:
        """The k-th and the (k + 3)-rd request that were counted are at least ten seconds apart."""
        moments = sorted(self.counted)
        for earlier, later in zip(moments, moments[RATE.requests :], strict=False):
            assert later - earlier >= RATE.seconds - 1e-6
        assert len(self.under_way) <= RATE.requests

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        """With nothing under way there is a bounded wait."""
        assert 1 <= self.window.allowed(self.now) <= RATE.requests
        if not self.under_way:
            wait = self.window.wait(self.now)
            assert wait is not None
            assert wait <= max(RATE.seconds, self.paused_until - self.now) + 1e-6


TestWindow = WindowMachine.TestCase


@given(st.integers(1, 100), st.floats(0.5, 100.0), st.integers(1, 30))
def test_a_window_shrinks_at_most_to_a_tenth_and_grows_back(requests: int, seconds: float, refusals: int) -> None:
    """However often the server refuses; within two quiet windows every place is there again."""
    window, now = SlidingWindow(Rate(requests, seconds)), 0.0
    for _ in range(refusals):
        window.take()
        window.end(now)
        window.refuse(now, started=now, pause=0.0)
        now += seconds / 10
    assert max(1, requests // 10) <= window.allowed(now) <= requests
    assert requests == 1 or window.allowed(now - seconds / 10) < requests
    assert window.allowed(now + 2 * seconds) == requests


def test_one_burst_of_refusals_shrinks_once() -> None:
    """Requests that were under way when the window shrank say nothing new."""
    window = SlidingWindow(Rate(60, 30.0))
    for _ in range(20):
        window.take()
    for _ in range(20):
        window.end(1.0)
        window.refuse(1.0, started=0.0, pause=0.0)
    assert window.allowed(1.0) == 45


def test_without_a_rate_only_pauses_hold() -> None:
    """An unlimited class still waits when the server asks for it."""
    window = SlidingWindow(None)
    for _ in range(1_000):
        assert window.wait(0.0) == 0
        window.take()
    window.end(0.0)
    window.refuse(0.0, started=0.0, pause=7.0)
    assert window.wait(3.0) == 4.0
    assert window.wait(7.0) == 0.0


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/organizations/1/agent/run", "creation"),
        ("POST", "/v1/organizations/1/agent/run/resume", "general"),
        ("GET", "/v1/organizations/1/agent/run/7", "general"),
        ("GET", "/v1/organizations/1/agent/runs", "general"),
        ("GET", "/v1/alpha/organizations/1/agent/run/7/logs", "logs"),
        ("PATCH", "/v1/organizations/1/repos/2/prs/3", "edits"),
        ("GET", "/v1/organizations/1/cli/rules", "rules"),
        ("POST", "/v1/organizations/1/setup-commands/generate", "setup"),
        ("GET", "/v1/users/me", "general"),
    ],
)
def test_each_path_counts_in_its_documented_class(method: str, path: str, name: str) -> None:
    """As the API's document of 2025-10 names them."""
    assert request_class(method, path) == name
    assert (Limits().general, Limits().creation, Limits().logs) == (Rate(60, 30), Rate(10, 60), Rate(60, 60))
