"""When to ask again: polling intervals, back-off, and retries of one request.

The defaults go with the API's documented limits; tests make them short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from genloom.errors import AgentError
from genloom.tools.backoff import backoff_seconds
from genloom.tools.codegen.http.failures import worth_repeating
from genloom.tools.codegen.traffic.limits import DOCUMENTED, Limits

__all__ = ["Pacing", "with_retries"]

T = TypeVar("T")

JITTER = 0.2
"""How much longer than a `Retry-After` one waits at most, as a share of it."""


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """All times in seconds.

    Pending runs are polled together: `poll_first` after one was started or changed its status, then at intervals that
    grow to the share `poll_lag` of the time since (less when many runs share the poll), up to `poll_cap`; a log is read
    at intervals that grow by `poll_growth`. `limits` are kept on this side, so that the server need not refuse.
    A failed request is tried at most `attempts` times, one that creates a run `create_attempts` times; the n-th wait is
    random between 0 and `retry_base * 2**n`, at most `retry_cap`, and never shorter than what the server asked for, of
    which at most `retry_after_cap` is honoured. `settle` are the pauses before each look into the list after a create
    whose answer was lost: only when none of them shows the run is it created again. `resting` is how long a paused run
    (of a server that does not tell pauses for certain) or an unknown status is polled.
    """

    poll_first: float = 0.6
    poll_lag: float = 0.1
    poll_growth: float = 1.3
    poll_cap: float = 15.0
    attempts: int = 12
    create_attempts: int = 8
    retry_base: float = 0.5
    retry_cap: float = 20.0
    retry_after_cap: float = 120.0
    settle: tuple[float, ...] = (0.0, 1.0, 3.0)
    resting: float = 300.0
    limits: Limits = DOCUMENTED

    def retry_wait(self, error: AgentError, failures: int) -> float:
        """Return the seconds to wait after that many failures (from 1), the last of which was `error`."""
        asked = error.retry_after
        return backoff_seconds(
            failures,
            base=self.retry_base if asked is None else min(self.retry_base, JITTER * asked),
            cap=self.retry_cap,
            retry_after=error.retry_after,
            longest=self.retry_after_cap,
        )


async def with_retries(
    operation: Callable[[], Awaitable[T]],
    pacing: Pacing,
    *,
    on_retry: Callable[[AgentError, float], None] | None = None,
) -> T:
    """Await `operation()` until it succeeds; only for what may be done twice (reading).

    `on_retry` hears of each failure and the seconds until the next try. Raises the last error when it is not worth
    repeating or the attempts are spent.
    """
    for attempt in range(pacing.attempts - 1):
        try:
            return await operation()
        except AgentError as error:
            if not worth_repeating(error):
                raise
            wait = pacing.retry_wait(error, attempt + 1)
            if on_retry:
                on_retry(error, wait)
        await asyncio.sleep(wait)
    return await operation()
