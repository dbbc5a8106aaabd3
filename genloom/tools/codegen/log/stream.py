"""A run as a stream: the steps of its log as they come, and at the end the run itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from genloom.errors import AgentError, CredentialError, GenloomError, UsageError
from genloom.events import EventEmitter, Note
from genloom.state import AgentRun
from genloom.tools.backoff import backoff_seconds
from genloom.tools.codegen.deadline import Deadline
from genloom.tools.codegen.http.failures import worth_repeating
from genloom.tools.codegen.log.entry import LogEntry
from genloom.tools.codegen.log.reader import LogReader
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.status import is_final, normalise_status

__all__ = ["RunStream"]

T = TypeVar("T")

MAX_PAGES = 20
"""Pages of the log that are read in one round."""
LAST_SECONDS = 10.0
"""How long the log is read after the run ended."""
LAST_TRIES = 4
"""How often the log is asked for, when that fails, after the run ended."""


@dataclass(kw_only=True)
class RunStream:
    """`wait` follows the run to its end; `reader` reads its log beside it. The run decides: a log that cannot be read is
    told in a note and otherwise missed."""

    run: AgentRun
    reader: LogReader
    wait: Callable[[AgentRun], Coroutine[Any, Any, AgentRun]]  # Any: asyncio's own yield and send types
    pacing: Pacing
    emit: EventEmitter
    secrets: Callable[[], Sequence[str]] = tuple
    """What to cut out of events, asked for each: tokens change."""
    deadline: float | None = None
    """How many seconds the waiting and the reading may take together."""
    events: Callable[[], AsyncIterator[object] | None] = lambda: None
    """The server's news of the run, once it is known to have some: each leads to a look at the log at once."""
    _readable: bool = True
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def items(self) -> AsyncGenerator[LogEntry | AgentRun, None]:
        """Yield the run as it is now, then each step of its log, then the run as it ended; nothing after that.

        Ending the iteration early, or cancelling it, stops the waiting too. Raises what `wait` raises.
        """
        yield self.run
        until = Deadline(self.deadline)
        waiting = asyncio.create_task(self.wait(self.run))
        listening: asyncio.Task[None] | None = None
        try:
            interval = self.pacing.poll_first
            while not waiting.done():
                told = False
                async for entry in self._round(waiting):
                    told = True
                    yield entry
                interval = self.pacing.poll_first if told else interval * self.pacing.poll_growth
                interval = min(interval, self.pacing.poll_cap)
                if listening is None and (events := self.events()) is not None:
                    listening = asyncio.create_task(self._listen(events))
                informed = listening is not None and not listening.done()
                await self._rest(waiting, (self.pacing.poll_cap if informed else interval) if self._readable else None)
            ended = waiting.result()
            if not _late(ended):
                left = until.left
                async for entry in self._last_round(LAST_SECONDS if left is None else min(LAST_SECONDS, left)):
                    yield entry
            yield ended
        finally:
            tasks = [task for task in (waiting, listening) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, events: AsyncIterator[object]) -> None:
        async for _ in events:
            self._news.set()

    async def _rest(self, waiting: asyncio.Task[Any], seconds: float | None) -> None:  # Any: not looked at
        """Wait until the run has ended, the time is over, or there is news: that of a moment is read together."""
        least = self.pacing.poll_first if seconds is None else min(seconds, self.pacing.poll_first)
        await asyncio.wait({waiting}, timeout=least)
        left = None if seconds is None else seconds - least
        news = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait({waiting, news}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            self._news.clear()

    async def _last_round(self, seconds: float) -> AsyncIterator[LogEntry]:
        """Give what the log holds at the end, as far as it can be read in that time."""
        over = asyncio.create_task(asyncio.sleep(seconds))
        try:
            async for entry in self._round(over, tries=LAST_TRIES):
                yield entry
        finally:
            over.cancel()

    async def _round(
        self, until: asyncio.Task[Any], *, tries: int = 1
    ) -> AsyncIterator[LogEntry]:  # Any: not looked at
        """Give what is new in the log; a read that is under way when `until` is done is given up."""
        self.reader.begin_round()
        failures = 0
        for _ in range(MAX_PAGES):
            if not (self._readable and self.reader.more):
                return
            try:
                entries = await _before(until, self.reader.read())
                if entries is None:
                    return
            except (AgentError, UsageError, CredentialError) as error:
                failures += 1
                if not self._goes_on_after(error) or failures >= tries:
                    return
                await asyncio.sleep(backoff_seconds(failures, base=self.pacing.retry_base, cap=self.pacing.retry_cap))
                continue
            for entry in entries:
                self.emit(entry.to_event(secrets=self.secrets()))
                yield entry

    def _goes_on_after(self, error: GenloomError) -> bool:
        """Whether the log may be readable later; when it is not, that is told once."""
        if isinstance(error, AgentError) and worth_repeating(error):
            return True
        self._readable = False
        self.emit(Note(message=f"The log of run {self.run.id} cannot be read: {error.message}", level="warning"))
        return False


def _late(run: AgentRun) -> bool:
    """Whether the deadline ended the waiting, and not the server the run: no time is left for the log either."""
    return run.status == "timeout" and not is_final(normalise_status(run.raw_status))


async def _before(until: asyncio.Task[Any], work: Coroutine[Any, Any, T]) -> T | None:  # Any: asyncio's own types
    """Await the work and return what it gives, `None` when `until` is done sooner."""
    working = asyncio.create_task(work)
    try:
        await asyncio.wait({until, working}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
