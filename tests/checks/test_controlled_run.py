"""The order and the time of a true run and its controls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from scripted_sandbox import TESTS, cases

from genloom.tools.checks.controls.controlled_run import ControlledRun, run_controlled
from genloom.tools.checks.controls.controls import ControlRun
from genloom.tools.checks.judging import all_passed
from genloom.tools.sandbox.report import TestReport

GOOD = replace(TESTS, cases=cases("passed"))
BAD = replace(TESTS, cases=cases("failed"))


@dataclass
class Clockwork:
    """Runs that take the seconds that their text says, and end as a sandbox ends them when they are given fewer."""

    report: TestReport = GOOD
    started: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    most: int = 0

    async def __call__(self, files: Mapping[str, str], text: str, seconds: float) -> TestReport:
        name, takes = text.split()
        self.started.append(name)
        self.most = max(self.most, len(self.started) - len(self.ended) - len(self.cancelled))
        try:
            await asyncio.sleep(min(float(takes), seconds))
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        self.ended.append(name)
        if float(takes) > seconds:
            return replace(BAD, ended="timeout", complete=False)
        return self.report if name == "true" else BAD

    async def see(self, true: str, controls: list[str], seconds: float = 10.0, chance: int = 0) -> ControlledRun:
        runs = [_run(text) for text in controls]
        return await run_controlled(_run(true), runs, self, seconds, Random(chance), all_passed)


def _run(text: str) -> ControlRun:
    return ControlRun({}, text, frozenset(), frozenset(), "")


async def test_every_run_is_made_once_and_two_at_most_at_once() -> None:
    """Reports stand in the order of the controls, whatever the order of the runs was."""
    clockwork = Clockwork()
    ran = await clockwork.see("true 0.01", ["a 0.02", "b 0.0", "c 0.01"])
    assert sorted(clockwork.started) == ["a", "b", "c", "true"]
    assert clockwork.most <= 2
    assert (ran.report, ran.controls) == (GOOD, (BAD, BAD, BAD))
    assert 0.0 < ran.seconds < 10


async def test_the_true_run_has_any_place_in_the_order() -> None:
    """A draft learns nothing from being run first or last."""
    places = Counter[int]()
    for chance in range(80):
        clockwork = Clockwork()
        await clockwork.see("true 0", ["a 0", "b 0", "c 0"], chance=chance)
        places[clockwork.started.index("true")] += 1
    assert set(places) == {0, 1, 2, 3}
    assert min(places.values()) >= 5


@pytest.mark.parametrize("chance", range(12))
async def test_controls_are_ended_when_the_tests_fail(chance: int) -> None:
    """A failing draft does not wait for controls that nobody needs."""
    clockwork = Clockwork(report=BAD)
    ran = await clockwork.see("true 0", ["a 30", "b 30"], seconds=0.5, chance=chance)
    assert ran.report == BAD
    assert ran.controls == (None, None)
    assert ran.seconds < 20
    assert len(clockwork.started) == len(clockwork.ended) + len(clockwork.cancelled)


async def test_slow_tests_have_nearly_all_the_time_for_themselves() -> None:
    """Controls that run first, or beside, take a small share; what is left over afterwards is theirs."""
    sessions = (Clockwork().see("true 1.2", ["a 1.2"], seconds=2.0, chance=chance) for chance in range(12))
    for ran in await asyncio.gather(*sessions):
        assert ran.report == GOOD
        assert ran.controls == (None,) or ran.controls[0] is not None
        assert ran.seconds < 20


async def test_control_that_was_cut_short_runs_again_when_there_is_time() -> None:
    """A control that needs more than its share gets it after the true run."""
    sessions = (Clockwork().see("true 0.15", ["a 0.25"], seconds=2.0, chance=chance) for chance in range(6))
    for ran in await asyncio.gather(*sessions):
        assert (ran.report, ran.controls) == (GOOD, (BAD,))


async def test_without_time_only_the_tests_run() -> None:
    """Next to no time is for the true run."""
    clockwork = Clockwork()
    ran = await clockwork.see("true 0", ["a 0", "b 0"], seconds=0.05)
    assert clockwork.started == ["true"]
    assert ran.controls == (None, None)


async def test_being_cancelled_ends_all_runs_first() -> None:
    """Nothing is left running."""
    clockwork = Clockwork()
    running = asyncio.create_task(clockwork.see("true 30", ["a 30", "b 30"], seconds=600))
    while len(clockwork.started) < 1:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(clockwork.cancelled) == sorted(clockwork.started)


async def test_a_run_that_raises_ends_the_others() -> None:
    """An error of the sandbox's own comes out, and leaves nothing behind."""
    clockwork = Clockwork()
    with pytest.raises(ValueError, match="could not convert"):
        await clockwork.see("true never", ["a 30"], seconds=600)
    assert len(clockwork.cancelled) <= 1
