"""A run of tests together with its controls: at most two at once, in an order of chance.

Which place the true run has among them tells a draft nothing. Where the runs are slow, order gives way to time: controls
that start before the true run has ended have a small share of the time, and are put off when they need more.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from genloom.tools.checks.controls.controls import ControlRun
from genloom.tools.sandbox.report import TestReport

__all__ = ["ControlledRun", "StartRun", "run_controlled"]

StartRun = Callable[[Mapping[str, str], str, float], Awaitable[TestReport]]
"""Runs the text of a pytest file beside files, for at most so many seconds."""

AT_ONCE = 2
SHARE = 0.1
"""Of the time, for controls before the true run has ended."""
LEAST_SECONDS = 0.05


@dataclass(frozen=True)
class ControlledRun:
    """The true run's report and the controls', `None` for one that was not run to its end; the seconds they took in all."""

    report: TestReport
    controls: tuple[TestReport | None, ...]
    seconds: float


async def run_controlled(
    true: ControlRun,
    controls: Sequence[ControlRun],
    start: StartRun,
    seconds: float,
    chance: Random,
    holds: Callable[[TestReport], bool],
) -> ControlledRun:
    """Run all within so many seconds. When the true run's report does not hold, the controls are ended, or not started."""
    return await _Session([*controls, true], start, seconds, chance).see_through(holds)


class _Session:
    def __init__(self, runs: Sequence[ControlRun], start: StartRun, seconds: float, chance: Random) -> None:
        self._runs = runs
        self._true = len(runs) - 1
        self._start = start
        self._seconds = seconds
        self._waiting = chance.sample(range(len(runs)), len(runs))
        self._reports: list[TestReport | None] = [None] * len(runs)
        self._running: dict[asyncio.Task[TestReport], tuple[int, bool]] = {}
        self._began = time.monotonic()
        self._at_once = min(AT_ONCE, os.cpu_count() or 1)

    async def see_through(self, holds: Callable[[TestReport], bool]) -> ControlledRun:
        try:
            while self._start_more() or self._running:
                done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._take(task)
                true = self._reports[self._true]
                if true is not None and not holds(true):
                    break
        finally:
            await self._end()
        report = self._reports[self._true]
        assert report is not None
        seconds = max(self._elapsed, report.seconds)
        return ControlledRun(report, tuple(self._reports[: self._true]), seconds)

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _start_more(self) -> bool:
        """Start what may run now; return whether anything was started."""
        started = False
        while len(self._running) < self._at_once and (number := self._next()) is not None:
            early = self._reports[self._true] is None and number != self._true
            left = (SHARE if early else 1.0) * self._seconds - self._elapsed
            run = self._runs[number]
            task = asyncio.ensure_future(self._start(run.files, run.tests, max(left, LEAST_SECONDS)))
            self._running[task] = number, early
            started = True
        return started

    def _next(self) -> int | None:
        """Which run is to start now. The true one always is; controls while there is time for them."""
        if not self._waiting:
            return None
        open_ended = self._reports[self._true] is not None
        if self._elapsed + LEAST_SECONDS < (1.0 if open_ended else SHARE) * self._seconds:
            return self._waiting.pop(0)
        if self._true not in self._waiting:
            return None
        self._waiting.remove(self._true)
        return self._true

    def _take(self, task: asyncio.Task[TestReport]) -> None:
        number, early = self._running.pop(task)
        report = task.result()
        if early and report.ended == "timeout":
            self._waiting.append(number)  # it may have the time that the true run leaves
        else:
            self._reports[number] = report

    async def _end(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
