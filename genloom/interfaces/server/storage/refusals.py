"""What the storage refuses although the database could do it."""

from __future__ import annotations

from genloom.errors import UsageError

__all__ = ["QueueFullError", "StateConflictError", "UnknownRowError"]


class QueueFullError(UsageError):
    """The organisation has as many runs waiting as it may have."""


class StateConflictError(UsageError):
    """What was asked does not fit the state that the row is in: a run that ended is not paused."""


class UnknownRowError(UsageError):
    """A row that the new one refers to is not there, or belongs to another organisation; `what` names its kind."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(f"There is no {what} {number}.", hint="Look at the list, and give a number that is on it.")
        self.what = what
        self.number = number
