"""How a run at the server for tests goes."""

from __future__ import annotations

from dataclasses import dataclass

from genloom.tools.codegen.wire import AgentRunLogResponse

__all__ = ["RunPlan"]


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """How a run goes: it shows `before` until it was looked at `polls` times (the look that counts shows the end; 0: it
    ends at once) or, when `seconds` is given, until they have passed; then it shows `status`, `result` and the rest.

    `steps` change what a timed run shows before its end: pairs of seconds and status. A run that `pauses` shows PAUSED in
    place of its end until it is resumed; then it takes as long again and ends. `logs` are thoughts or whole entries: those
    of a timed run appear one by one, evenly over its time, all others stand there from the start.
    """

    result: str | None = "done"
    status: str | None = "COMPLETE"
    before: str | None = "ACTIVE"
    polls: int = 1
    seconds: float | None = None
    steps: tuple[tuple[float, str | None], ...] = ()
    pauses: bool = False
    summary: str | None = None
    pull_requests: tuple[str, ...] = ()
    logs: tuple[str | AgentRunLogResponse, ...] = ()
