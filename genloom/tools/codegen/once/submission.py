"""Creating a run once, although the API knows no idempotency key and an answer can be lost on its way.

Each run carries its key in its metadata. When the outcome of a create is in doubt (no answer, a cut connection, a 5xx, a
garbled answer), the next shared poll of all runs decides: its list shows the key or it does not. It is asked several
times with growing pauses, because the server may still be at work; only when the run is in none of them is it created
again. A poll that shows the key while the create is still unanswered ends the wait for that answer. A server that takes
longer than these pauses to commit a request it seemed to have lost could still make a second run: no client can rule
that out without the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from genloom.errors import AgentError, UsageError
from genloom.tools.codegen.http.failures import may_have_worked, worth_repeating
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.poller import RunPoller
from genloom.tools.codegen.wire import IDEMPOTENCY_FIELD, AgentRunResponse

__all__ = ["Submission", "labelled", "unstarted"]


@dataclass(kw_only=True)
class Submission:
    """One run to be created once. `create` sends the request, once."""

    key: str
    create: Callable[[], Coroutine[None, None, AgentRunResponse]]
    poller: RunPoller
    pacing: Pacing
    on_retry: Callable[[AgentError, float], None]
    in_doubt: bool = field(default=False)
    """A create may have reached the server: look before the next one."""

    async def known(self) -> AgentRunResponse | None:
        """Return the run that carries the key already, as one look at the list shows it."""
        return await self.poller.find(self.key, deep=True, on_trouble=self.on_retry)

    async def once(self) -> AgentRunResponse:
        """Create the run, or find it where an earlier try went through. Raises the last error when neither works."""
        older = (
            None if self.in_doubt else self.poller.newest
        )  # an earlier process's run may be older than what was seen
        for attempt in range(self.pacing.create_attempts):
            if self.in_doubt and (found := await self._settle(older)):
                return found
            try:
                return await self._create()
            except AgentError as error:
                self.in_doubt = self.in_doubt or may_have_worked(error)
                failure = error
                if not worth_repeating(error):
                    raise
            wait = self.pacing.retry_wait(failure, attempt + 1)
            self.on_retry(failure, wait)
            await asyncio.sleep(wait)
        if self.in_doubt and (found := await self._settle(older)):
            return found
        raise failure

    async def _settle(self, older: int | None) -> AgentRunResponse | None:
        """Look for the run after each pause, as far back as the run `older`; `None` when it is never there.

        Under load more runs than a page holds can have been created meanwhile.
        """
        for pause in self.pacing.settle:
            await asyncio.sleep(pause)
            found = await self.poller.find(self.key, deep=True, older=older, on_trouble=self.on_retry)
            if found is not None:
                return found
        return None

    async def _create(self) -> AgentRunResponse:
        async with self.poller.expecting(self.key) as seen:
            sending = asyncio.create_task(self.create())
            try:
                both: set[asyncio.Future[Any]] = {sending, seen}  # Any: their results differ
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if seen.done() and (not sending.done() or sending.exception()):
                    found = seen.result()
                    if found is not None:
                        return found
                return await sending
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)


def labelled(metadata: Mapping[str, Any] | None, key: str) -> dict[str, Any]:  # Any: the caller's own JSON
    """Return the metadata with the idempotency key among them. Raises `UsageError` when they hold another one."""
    if metadata and metadata.get(IDEMPOTENCY_FIELD, key) != key:
        raise UsageError(
            f"The metadata hold another {IDEMPOTENCY_FIELD!r} than the argument.", hint="Give the key as argument only."
        )
    return {**(metadata or {}), IDEMPOTENCY_FIELD: key}


def unstarted(key: str, deadline: float, last: AgentError | None) -> AgentError:
    """Return the error of a run that was not started within `deadline` seconds; `last` is the last trouble, if any."""
    why = f"; the last trouble: {last.message}" if last else "."
    hint = f"It may exist: submitting the idempotency key {key} again finds it and starts no second one."
    return AgentError(
        f"The agent run could not be started within {deadline:.3g} s{why}",
        kind="timeout",
        hint=f"{last.hint} {hint}" if last and last.hint else hint,
        request_id=last.request_id if last else "",
    )
