"""Workers that lease runs in any order, at once or one after the other, and what must hold of all that they did."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from dataclasses import dataclass, field

from genloom.interfaces.server.storage import Beat, NewDelivery, StateConflictError, Storage
from genloom.tools.codegen.wire import CreateAgentRunInput, ResumeAgentRunInput

ACTIONS = ("create", "lease", "watch", "take_over", "beat", "append", "finish", "pause", "release", "cancel", "resume")

Action = tuple[str, int, int]
"""What is done, by which worker, with which of what it may do it with."""


@dataclass
class History:
    """What happened, as the workers saw it."""

    storage: Storage
    owned: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    """By worker: each `(run, epoch)` that it ever got. It goes on writing with all of them."""
    watched: dict[int, frozenset[Beat]] = field(default_factory=dict)
    runs: list[int] = field(default_factory=list)
    leases: list[tuple[int, int]] = field(default_factory=list)
    ended: list[tuple[int, int]] = field(default_factory=list)
    """Each `(run, epoch)` whose finish was told to have worked."""
    over: set[tuple[int, int]] = field(default_factory=set)
    """Each `(run, epoch)` that had been given up, finished or taken over before the present batch."""
    appended: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def perform(self, batch: list[Action]) -> None:
        """Do all of a batch at once."""
        await asyncio.gather(*(getattr(self, f"_{name}")(worker, which) for name, worker, which in batch))
        newest = {run: max(epoch for number, epoch in self.leases if number == run) for run, _ in self.leases}
        self.over |= {(run, epoch) for run, epoch in self.leases if epoch < newest[run]}
        self.over |= set(self.ended)

    async def _create(self, worker: int, which: int) -> None:
        asked = CreateAgentRunInput(prompt="p")
        run, _ = await self.storage.runs.create(1, 1, asked, graph="generation", most_queued=100)
        self.runs.append(run.id)

    async def _lease(self, worker: int, which: int, stale: frozenset[Beat] = frozenset()) -> None:
        run = await self.storage.runs.lease(f"worker {worker}", stale=stale)
        if run is not None:
            self.leases.append((run.id, run.lease_epoch))
            self.owned[worker].append((run.id, run.lease_epoch))

    async def _watch(self, worker: int, which: int) -> None:
        self.watched[worker] = await self.storage.runs.beats()

    async def _take_over(self, worker: int, which: int) -> None:
        await self._lease(worker, which, self.watched.get(worker, frozenset()))

    async def _beat(self, worker: int, which: int) -> None:
        if mine := self._one_of(worker, which):
            assert await self.storage.runs.beat(*mine) is None or mine not in self.over

    async def _append(self, worker: int, which: int) -> None:
        if mine := self._one_of(worker, which):
            run, epoch = mine
            if await self.storage.logs.append(1, run, epoch, [{"epoch": epoch}] * 2):
                assert mine not in self.over
                self.appended[run] += 2

    async def _finish(self, worker: int, which: int) -> None:
        if mine := self._one_of(worker, which):
            run, epoch = mine
            number = f"{next(self.numbers)}"
            message = NewDelivery(id=number, event="ended", url="http://h/", secret=None, body=f"{epoch}")
            ending = {"status": "completed", "result": number, "summary": number}
            if await self.storage.runs.finish(run, epoch, deliveries=[message], **ending):
                assert mine not in self.over
                self.ended.append(mine)

    async def _pause(self, worker: int, which: int) -> None:
        await self._give_up(worker, which, "pause")

    async def _release(self, worker: int, which: int) -> None:
        await self._give_up(worker, which, "release")

    async def _give_up(self, worker: int, which: int, how: str) -> None:
        if mine := self._one_of(worker, which):
            runs = self.storage.runs
            if await (runs.pause(*mine, "rests") if how == "pause" else runs.release(*mine)):
                assert mine not in self.over

    async def _cancel(self, worker: int, which: int) -> None:
        if self.runs:
            try:
                await self.storage.runs.want(1, self.runs[which % len(self.runs)], "cancel")
            except StateConflictError:
                return

    async def _resume(self, worker: int, which: int) -> None:
        if self.runs:
            run = self.runs[which % len(self.runs)]
            try:
                await self.storage.runs.resume(1, run, ResumeAgentRunInput(agent_run_id=run, prompt="go on"))
            except StateConflictError:
                return

    def _one_of(self, worker: int, which: int) -> tuple[int, int] | None:
        owned = self.owned[worker]
        return owned[which % len(owned)] if owned else None

    async def check(self) -> None:
        """Compare what the workers were told with what is stored."""
        assert len(self.leases) == len(set(self.leases)), "one lease was given to two workers"
        assert len(self.ended) == len(set(self.ended)), "one lease finished its run twice"
        sent, total = await self.storage.deliveries.page(1, skip=0, limit=1000)
        assert total == len(self.ended), "each end that was told left one message"
        assert len({(message.run_id, message.leg) for message in sent}) == total
        for number in self.runs:
            logs, count = await self.storage.logs.page(1, number, skip=0, limit=1000)
            assert [log.number for log in logs] == list(range(1, count + 1))
            assert count == self.appended[number]
            epochs = [log.entry["epoch"] for log in logs]
            assert epochs == sorted(epochs), "an old lease wrote after a new one"
