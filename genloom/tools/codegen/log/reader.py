"""Reading a log that grows, whose entries have no number and are paged by how many came before.

Each page is asked for from the last entry that is known, so that a log whose order changed (an entry that came late, two
that changed places) is noticed: then it is read again from its beginning, and what was told before is not told again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from genloom.tools.codegen.log.entry import LogEntry, fingerprint
from genloom.tools.codegen.wire import AgentRunWithLogsResponse

__all__ = ["MAX_ENTRIES", "LogReader"]

PAGE = 100
MAX_ENTRIES = 20_000
RESTARTS_A_ROUND = 2

FetchLogs = Callable[[int, int], Awaitable[AgentRunWithLogsResponse]]
"""Takes how many entries to skip and how many to return at most; one call to the server."""


class LogReader:
    """What is known of one run's log. Entries that are the same in every field, the time included, are told once.

    An entry that the server completes later (its tool's output, say) is told again as it is then. At most 20,000 entries
    are read.
    """

    def __init__(self, fetch: FetchLogs) -> None:
        self._fetch = fetch
        self._order: list[bytes] = []
        self._told: set[bytes] = set()
        self._restarts = 0
        self.more = True
        """Whether the server probably has entries that were not read yet."""

    def begin_round(self) -> None:
        """Start another look at the log. A log that changes its order again and again is read anew twice a round."""
        self._restarts = 0
        self.more = len(self._order) < MAX_ENTRIES

    async def read(self) -> tuple[LogEntry, ...]:
        """Ask for one page and return what is new on it, in the server's order. Raises what the call raises."""
        skip = max(0, len(self._order) - 1)
        page = await self._fetch(skip, PAGE)
        steps = page.logs[:PAGE]
        prints = [fingerprint(step) for step in steps]
        known = self._order[skip:]
        if prints[: len(known)] != known:
            self._restart()
            return ()
        fresh = prints[len(known) :]
        self._order += fresh
        expected = page.total_logs
        grew = bool(fresh) and len(self._order) < MAX_ENTRIES
        self.more = grew and (len(steps) >= PAGE or (expected is not None and len(self._order) < expected))
        entries = []
        for step, mark in zip(steps[len(known) :], fresh, strict=True):
            if mark not in self._told:
                self._told.add(mark)
                entries.append(LogEntry(run_id=page.id, number=len(self._told), step=step))
        return tuple(entries)

    def _restart(self) -> None:
        self._order = []
        self._restarts += 1
        self.more = self._restarts <= RESTARTS_A_ROUND
