"""The runs that are watched: what was last seen of each, and who wants to know."""

from __future__ import annotations

from dataclasses import dataclass, field

from genloom.state import AgentRun
from genloom.tools.codegen.poller.subscription import RunChanges
from genloom.tools.codegen.status import is_final, is_resting
from genloom.tools.codegen.wire import AgentRunResponse

__all__ = ["WatchedRun"]


@dataclass(kw_only=True)
class WatchedRun:
    """One run. `rank` is its place counted from the oldest run of the list, which stays as new ones are added;
    `seen_at` is when the request that showed it last was sent, on the poller's clock."""

    id: int
    since: float
    run: AgentRun | None = None
    changed_at: float = 0.0
    seen_at: float = float("-inf")
    rank: int | None = None
    searched: bool = False
    callers: list[RunChanges] = field(default_factory=list)

    def take(self, response: AgentRunResponse, *, asked_at: float, now: float) -> bool:
        """Take over what an answer showed and tell the callers; returns whether the status changed.

        An answer to an earlier question than the last one, or than the wish to watch, is passed over: it is out of date.
        """
        if asked_at < max(self.seen_at, self.since):
            return False
        self.seen_at = asked_at
        before, self.run = self.run, response.to_run()
        if self.run != before:
            for caller in tuple(self.callers):
                caller.put(self.run)
        changed = before is None or before.raw_status != self.run.raw_status
        if changed:
            self.changed_at = now
        return changed

    def over(self, now: float, resting: float, *, told_pauses: bool = False) -> bool:
        """Whether nothing more is expected: a final status, one that rested for `resting` seconds, or a pause where the
        server tells those."""
        if self.run is None:
            return False
        if is_final(self.run.status) or (told_pauses and self.run.status == "paused"):
            return True
        return is_resting(self.run.status) and now - self.changed_at >= resting

    def end(self) -> None:
        """Tell every caller that no more comes."""
        for caller in tuple(self.callers):
            caller.end()

    def fail(self, error: BaseException) -> None:
        """Raise the error at every caller."""
        for caller in tuple(self.callers):
            caller.put(error)
