"""Following one run until it is final."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from genloom.errors import AgentError
from genloom.events import AgentProgress, EventEmitter
from genloom.state import AgentRun
from genloom.tools.codegen.pacing import Pacing, with_retries
from genloom.tools.codegen.status import is_final, is_resting, normalise_status
from genloom.tools.codegen.wire import AgentRunResponse

__all__ = ["RunWatch", "announce"]


@dataclass(kw_only=True)
class RunWatch:
    """`run` is what was last seen of it; it stays readable when `until_final` is cut off by a deadline."""

    run: AgentRun
    fetch: Callable[[int], Awaitable[AgentRunResponse]]
    pacing: Pacing
    emit: EventEmitter
    on_retry: Callable[[AgentError, float], None]

    async def until_final(self) -> None:
        """Poll until the server is done with the run, or it has rested (paused, unknown status) for too long."""
        loop = asyncio.get_running_loop()
        interval, changed_at = self.pacing.poll_first, loop.time()
        if not self.run.raw_status:  # known by its number alone
            await self._look()
            announce(self.run, self.emit)
        while not is_final(normalise_status(self.run.raw_status)):
            if is_resting(self.run.status) and loop.time() - changed_at >= self.pacing.resting:
                return
            await asyncio.sleep(interval)
            before = self.run
            await self._look()
            if self.run.raw_status != before.raw_status:
                interval, changed_at = self.pacing.poll_first, loop.time()
                announce(self.run, self.emit)
            else:
                interval = min(self.pacing.poll_cap, interval * self.pacing.poll_growth)

    async def _look(self) -> None:
        response = await with_retries(lambda: self.fetch(self.run.id), self.pacing, on_retry=self.on_retry)
        self.run = response.to_run(idempotency_key=self.run.idempotency_key)


def announce(run: AgentRun, emit: EventEmitter, message: str = "") -> None:
    """Emit the run's present status."""
    emit(AgentProgress(run_id=run.id, status=run.status, message=message, web_url=run.web_url))
