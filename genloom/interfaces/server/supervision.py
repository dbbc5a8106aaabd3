"""Loops that must not end: what a turn of theirs raises is told, counted, and waited on before the next one."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from genloom.errors import GenloomError
from genloom.tools.backoff import backoff_seconds

__all__ = ["Supervision", "told_error"]

STEADY_SECONDS = 60.0
SOME = 3
LONGEST_WAIT = 10.0


class Supervision:
    """How one loop fares. `what` names it in messages on standard error."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._failed_at = 0.0
        self.failures = 0

    @property
    def well(self) -> bool:
        """Whether fewer than three turns failed one after the other, or the present one has gone on for a minute."""
        return self.failures < SOME or time.monotonic() - self._failed_at > STEADY_SECONDS

    async def turn(self, work: Callable[[], Awaitable[object]]) -> float:
        """Do the work once and return for how many seconds to wait because it failed, zero when it did not.

        Nothing but the end of the task is raised: an error that nobody expected must not end the loop unseen.
        """
        began = time.monotonic()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - the edge of the loop
            self._failed_at = time.monotonic()
            self.failures = 1 if self._failed_at - began > STEADY_SECONDS else self.failures + 1
            if self.failures in (1, 10, 100) or self.failures % 1000 == 0:
                self.tell(error)
            return backoff_seconds(self.failures, base=0.5, cap=LONGEST_WAIT)
        self.failures = 0
        return 0.0

    def tell(self, error: Exception) -> None:
        """Tell the operator of an error."""
        sys.stderr.write(f"genloom serve: {self._what}: {told_error(error)}\n")


def told_error(error: BaseException) -> str:
    """Return what an operator is told of an error: genloom's own words, of any other error its kind and where it arose.

    What other errors say is left out: it can hold prompts and secrets.
    """
    if isinstance(error, GenloomError):
        return f"{error.message} {error.hint}".strip()
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
