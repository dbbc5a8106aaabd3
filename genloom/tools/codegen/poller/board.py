"""The board: everything that the poller is asked for, and what it has seen. Lives in the poller's loop alone."""

from __future__ import annotations

from collections.abc import Iterable

from genloom.errors import AgentError
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.poller.lookups import Lookups
from genloom.tools.codegen.poller.subscription import RunChanges, Trouble
from genloom.tools.codegen.poller.watched import WatchedRun
from genloom.tools.codegen.wire import AgentRunPage, AgentRunResponse

__all__ = ["Board"]


class Board:
    """Watched runs and wanted keys. Times are seconds on the poller's clock."""

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self.watched: dict[int, WatchedRun] = {}
        self.lookups = Lookups()
        self.news_at = float("-inf")
        """When a run was last added or changed its status."""
        self.newest = 0
        """The greatest number of a run that a list has shown."""
        self.unreadable = 0
        """How many lists in a row were no lists of runs."""

    @property
    def busy(self) -> bool:
        """Whether there is anything to poll for."""
        return bool(self.watched) or self.lookups.open()

    def watch(self, run_id: int, caller: RunChanges, now: float) -> None:
        """Follow a run for a caller."""
        run = self.watched.get(run_id)
        if run is None:
            run = self.watched[run_id] = WatchedRun(id=run_id, since=now)
        elif run.run is not None:
            caller.put(run.run)
        run.since = now
        run.callers.append(caller)
        run.changed_at = self.news_at = now

    def unwatch(self, run_id: int, caller: RunChanges) -> None:
        """Follow it no more for that caller."""
        run = self.watched.get(run_id)
        if run is None or caller not in run.callers:
            return
        run.callers.remove(caller)
        if not run.callers:
            del self.watched[run_id]

    def take_page(
        self, page: AgentRunPage, *, skip: int, asked_at: float, now: float, told_pauses: bool = False
    ) -> None:
        """Take over what a page of the list shows; `told_pauses` as for `take`."""
        self.lookups.notice(page.items)
        self.newest = max([self.newest, *(response.id for response in page.items)])
        for place, response in enumerate(page.items, skip):
            run = self.watched.get(response.id)
            if run is not None:
                run.rank = page.total - place if page.total > place else None
                self.take(response, asked_at=asked_at, now=now, told_pauses=told_pauses)

    def take(self, response: AgentRunResponse, *, asked_at: float, now: float, told_pauses: bool = False) -> None:
        """Take over what an answer shows of one run; with `told_pauses` a paused one is followed no further."""
        run = self.watched.get(response.id)
        if run is None:
            return
        if run.take(response, asked_at=asked_at, now=now):
            self.news_at = now
        if run.over(now, self._pacing.resting, told_pauses=told_pauses):
            del self.watched[run.id]
            run.end()

    def unseen(self, since: float) -> list[WatchedRun]:
        """Return the runs watched by then that no answer has shown to a question asked since, the longest unseen first."""
        runs = [run for run in self.watched.values() if run.seen_at < since and run.since <= since]
        return sorted(runs, key=lambda run: run.seen_at)

    def trouble(self, error: AgentError, wait: float) -> None:
        """Tell everybody that a poll failed and is tried again."""
        self.lookups.trouble(error, wait)
        for run in self.watched.values():
            for caller in tuple(run.callers):
                caller.put(Trouble(error, wait))

    def fail(self, error: BaseException, runs: Iterable[WatchedRun] | None = None) -> None:
        """Give up on some runs, or on everything."""
        if runs is None:
            self.lookups.fail(error)
        for run in list(self.watched.values() if runs is None else runs):
            self.watched.pop(run.id, None)
            run.fail(error)
