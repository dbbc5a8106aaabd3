"""One round of polling: as few requests as show every watched run and decide every open question."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from genloom.errors import AgentError, UsageError
from genloom.tools.codegen.http.failures import worth_repeating
from genloom.tools.codegen.poller.board import Board
from genloom.tools.codegen.poller.lookups import Lookup, resolve
from genloom.tools.codegen.poller.pages import pages_for
from genloom.tools.codegen.poller.source import RunSource
from genloom.tools.codegen.poller.watched import WatchedRun
from genloom.tools.codegen.wire import MAX_PAGE, AgentRunPage

__all__ = ["PollRound"]

LOOK_BACK_PAGES = 5
LOOK_BACK_KNOWN_PAGES = 50
"""How far a key is looked for when the run that ends the look is known."""
PAGE_TRIES = 4
SEARCH_PAGES = 10
SINGLES = 10
UNREADABLE = 3
FEW = 2


@dataclass(kw_only=True)
class PollRound:
    """A round begins with the newest page, which shows all runs of most users. `begun` is when it was started;
    `requests` counts what it sent."""

    board: Board
    source: RunSource
    clock: Callable[[], float] = time.monotonic
    begun: float = field(init=False)
    requests: int = 0

    def __post_init__(self) -> None:
        self.begun = self.clock()

    async def go(self) -> None:
        """Ask. Raises the first error, after taking over what was seen before it."""
        questions = self.board.lookups.asked_before(self.begun)
        if not questions and not self.board.watched:
            return  # nobody is left
        if not questions and len(self.board.watched) == 1:
            await self._alone(next(iter(self.board.watched)))  # as cheap, and shorter than a page
            return
        newest = await self._newest()
        if newest is None:
            return
        for lookup in questions:
            if not lookup.deep:
                resolve(lookup.answer, None)
        depth = await self._search(questions, newest)
        missing = self.board.unseen(self.begun)
        if missing:
            await self._missing(missing, newest.total, depth)

    async def _newest(self) -> AgentRunPage | None:
        """Return the newest page. When the list stays unreadable, one odd run in it must not hide all others: they are
        asked for singly, and `None` is returned where nobody needs the list itself."""
        try:
            page = await self._page(0)
        except AgentError as error:
            self.board.unreadable += error.kind == "malformed"
            if self.board.unreadable < UNREADABLE:
                raise
            await self._singly()
            if self.board.lookups.asked_before(self.begun):
                raise
            return None
        self.board.unreadable = 0
        return page

    async def _search(self, questions: list[Lookup], newest: AgentRunPage) -> int:
        """Look for keys, and for runs whose place is not known yet, page by page; returns how many pages were read."""
        page, number = newest, 1
        while len(page.items) == MAX_PAGE:
            oldest = page.items[-1].id
            keys = any(_goes_on(lookup, oldest, number) for lookup in questions)
            lost = [run for run in self.board.unseen(self.begun) if run.rank is None and not run.searched]
            if not keys and (len(lost) <= FEW or number >= SEARCH_PAGES):
                break
            page = await self._page_again(number * MAX_PAGE)
            number += 1
        for lookup in questions:
            resolve(lookup.answer, None)
        for run in self.board.unseen(self.begun):
            run.searched = True
        return number

    async def _missing(self, missing: list[WatchedRun], total: int, pages_read: int) -> None:
        """Ask for runs that the pages read so far do not show: the pages where they were last seen, then the rest singly,
        a few in each round, the longest unseen first."""
        places = [total - run.rank for run in missing if run.rank is not None and total >= run.rank]
        for skip in pages_for((place for place in places if place >= pages_read * MAX_PAGE), size=MAX_PAGE):
            await self._page(skip)
        await self._singly()

    async def _singly(self) -> None:
        for run in self.board.unseen(self.begun)[:SINGLES]:
            await self._alone(run.id)

    async def _page_again(self, skip: int) -> AgentRunPage:
        """Ask for a page past the newest, a few times: one failure must not undo a look over many pages."""
        for _ in range(PAGE_TRIES - 1):
            try:
                return await self._page(skip)
            except AgentError as error:
                if not worth_repeating(error):
                    raise
        return await self._page(skip)

    async def _page(self, skip: int) -> AgentRunPage:
        self.requests += 1
        asked_at = self.clock()
        page = await self.source.page(skip)
        told_pauses = self.source.tells_pauses
        self.board.take_page(page, skip=skip, asked_at=asked_at, now=self.clock(), told_pauses=told_pauses)
        return page

    async def _alone(self, run_id: int) -> None:
        self.requests += 1
        asked_at = self.clock()
        try:
            response = await self.source.one(run_id)
        except UsageError as error:  # no such run: that says nothing of the others
            run = self.board.watched.get(run_id)
            if run is not None:
                self.board.fail(error, [run])
            return
        self.board.take(response, asked_at=asked_at, now=self.clock(), told_pauses=self.source.tells_pauses)


def _goes_on(lookup: Lookup, oldest: int, pages_read: int) -> bool:
    """Whether the run that is looked for may stand on the next page."""
    if lookup.answer.done():
        return False
    if lookup.older is None:
        return pages_read < LOOK_BACK_PAGES
    return oldest > lookup.older and pages_read < LOOK_BACK_KNOWN_PAGES
