"""The status of a run: free text at the server, one of eight words here.

The API promises no list of statuses and writes them in both cases. Known spellings are mapped, whatever their case;
anything else is `unknown` and the raw text stands beside it. Whoever polls must not wait for an unknown status for ever.
"""

from __future__ import annotations

import re

from genloom.state import AgentStatus

__all__ = ["FINAL_STATUSES", "is_final", "is_resting", "normalise_status"]

FINAL_STATUSES: frozenset[AgentStatus] = frozenset({"completed", "failed", "cancelled", "timeout"})
"""After one of these the server does nothing more for the run."""

_SPELLINGS: dict[AgentStatus, str] = {
    "queued": "queued pending created scheduled waiting",
    "running": "running active in_progress started processing evaluation",
    "paused": "paused",
    "completed": "completed complete success succeeded done finished",
    "failed": "failed failure error errored max_iterations_reached out_of_tokens",
    "cancelled": "cancelled canceled stopped aborted",
    "timeout": "timeout timed_out",
}
_BY_SPELLING = {spelling: status for status, text in _SPELLINGS.items() for spelling in text.split()}


def normalise_status(raw: str | None) -> AgentStatus:
    """Return what a raw status means; `unknown` for what is missing or was never seen.

    Case, surrounding blanks and the choice of blank, hyphen or underscore between words do not matter.
    """
    return _BY_SPELLING.get(re.sub(r"[\s\-_]+", "_", (raw or "").strip().lower()), "unknown")


def is_final(status: AgentStatus) -> bool:
    """Whether the server is done with a run of this status."""
    return status in FINAL_STATUSES


def is_resting(status: AgentStatus) -> bool:
    """Whether nothing may ever change by itself: a paused run waits for a person, an unknown status for nobody knows."""
    return status in ("paused", "unknown")
