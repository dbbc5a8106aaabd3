"""What is wanted of a run while it runs: to go on, to pause, to end; and a person's answer to one that waits."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Literal

from langgraph.runtime import RunControl

from genloom.interfaces.server.storage.records import Wanted

__all__ = ["RunControls", "StopReason", "approval_answer"]

StopReason = Literal["pause", "shutdown", "timeout", "cancel", "lost"]
"""Why a run stops before its end, the weakest reason first. The first two let the node in flight finish."""

_STRENGTH: tuple[StopReason, ...] = ("pause", "shutdown", "timeout", "cancel", "lost")


class RunControls:
    """The way to stop one run. `reason` says why it stops; a stronger reason takes the place of a weaker one."""

    def __init__(self) -> None:
        self.drain = RunControl()
        self.reason: StopReason | None = None
        self._work: asyncio.Task[Any] | None = None

    @property
    def stops(self) -> bool:
        """Whether the run is to stop."""
        return self.reason is not None

    def govern(self, work: asyncio.Task[Any]) -> None:
        """Name the task that is cancelled when the run is to stop at once."""
        self._work = work
        if self.reason in ("timeout", "cancel", "lost"):
            work.cancel()

    def want(self, wanted: Wanted) -> None:
        """Do what the run's owner wants."""
        if wanted == "pause":
            self._soon("pause")
        elif wanted == "cancel":
            self._now("cancel")

    def shut_down(self) -> None:
        """Stop after the node in flight, so that another worker goes on with the run."""
        self._soon("shutdown")

    def abandon(self) -> None:
        """Stop at once for a shutdown that cannot wait; the node in flight runs again elsewhere."""
        self._now(self.reason or "shutdown")

    def time_out(self) -> None:
        """Stop at once: the run's time is over."""
        self._now("timeout")

    def lose(self) -> None:
        """Stop at once: the run is another worker's."""
        self._now("lost")

    def _soon(self, reason: StopReason) -> None:
        self._note(reason)
        self.drain.request_drain(reason)

    def _now(self, reason: StopReason) -> None:
        self._note(reason)
        if self._work is not None:
            self._work.cancel()

    def _note(self, reason: StopReason) -> None:
        if self.reason is None or _STRENGTH.index(reason) > _STRENGTH.index(self.reason):
            self.reason = reason


_ANSWER = re.compile(
    r"\s*(?:(?P<yes>approved?|yes|y|ok|true|accept(?:ed)?|lgtm)|(?P<no>reject(?:ed)?|no|n|false|decline[d]?|deny|denied))"
    r"\s*(?:$|[.,:;!\n-]+\s*(?P<comment>.*))",
    re.IGNORECASE | re.DOTALL,
)


def approval_answer(text: str) -> dict[str, Any] | None:
    """Return a person's text as the answer to a question for approval, `None` when it is neither a yes nor a no.

    A yes or a no in one word comes first, a comment may follow behind a punctuation mark: `reject: handle tabs, too`.
    JSON such as `{"approve": true, "comment": ""}` will do, too.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if isinstance(said, dict) and isinstance(said.get("approve"), bool):
        return {"approve": said["approve"], "comment": str(said.get("comment", ""))}
    found = _ANSWER.fullmatch(text)
    return None if found is None else {"approve": bool(found["yes"]), "comment": (found["comment"] or "").strip()}
