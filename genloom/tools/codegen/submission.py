"""Creating a run once, although the API knows no idempotency key and an answer can be lost on its way.

Each run carries its key in its metadata. When the outcome of a create is in doubt (no answer, a cut connection, a 5xx, a
garbled answer), the list of runs is searched for the key, several times with growing pauses because the server may still
be at work; only when the run is in none of them is it created again. A server that takes longer than these pauses to
commit a request it seemed to have lost could still make a second run: no client can rule that out without the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from genloom.errors import AgentError
from genloom.tools.codegen.failures import may_have_worked, worth_repeating
from genloom.tools.codegen.pacing import Pacing, with_retries
from genloom.tools.codegen.wire import AgentRunResponse

__all__ = ["Submission"]


@dataclass(kw_only=True)
class Submission:
    """One run to be created once. `create` sends the request, `find` looks for the key in the list of runs; each is one
    call to the server."""

    create: Callable[[], Awaitable[AgentRunResponse]]
    find: Callable[[], Awaitable[AgentRunResponse | None]]
    pacing: Pacing
    on_retry: Callable[[AgentError, float], None]
    in_doubt: bool = field(default=False)
    """A create may have reached the server: look before the next one."""

    async def settle(self, pauses: tuple[float, ...]) -> AgentRunResponse | None:
        """Look for the run after each pause; `None` when it is never there."""
        for pause in pauses:
            await asyncio.sleep(pause)
            found = await with_retries(self.find, self.pacing, on_retry=self.on_retry)
            if found is not None:
                return found
        return None

    async def once(self) -> AgentRunResponse:
        """Create the run, or find it where an earlier try went through. Raises the last error when neither works."""
        for attempt in range(self.pacing.create_attempts):
            if self.in_doubt and (found := await self.settle(self.pacing.settle)):
                return found
            try:
                return await self.create()
            except AgentError as error:
                self.in_doubt = self.in_doubt or may_have_worked(error)
                failure = error
                if not worth_repeating(error):
                    raise
            wait = self.pacing.retry_wait(failure, attempt + 1)
            self.on_retry(failure, wait)
            await asyncio.sleep(wait)
        if self.in_doubt and (found := await self.settle(self.pacing.settle)):
            return found
        raise failure
