"""Reducers: how a node's delta joins the state. Pure, total and tested by property."""

from __future__ import annotations

from collections.abc import Sequence

from genloom.state.attempt import Attempt

__all__ = ["append_attempts"]


def append_attempts(existing: Sequence[Attempt] | None, new: Sequence[Attempt] | None) -> tuple[Attempt, ...]:
    """Append attempts to the history. An attempt whose number stands there already is not added again, so that a node
    which runs twice (a resume after a kill) leaves one attempt. `None` begins a new history."""
    if new is None:
        return ()
    history = list(existing or ())
    numbers = {attempt.number for attempt in history}
    for attempt in new:
        if attempt.number not in numbers:
            history.append(attempt)
            numbers.add(attempt.number)
    return tuple(history)
