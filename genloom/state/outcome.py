"""An outcome: how the run ended. (A verdict says what the checks of one draft showed.)"""

from __future__ import annotations

from typing import Literal

from genloom.state.part import StatePart

__all__ = ["EXIT_CODES", "Outcome", "OutcomeResult", "Problem"]

OutcomeResult = Literal["passed", "unverified", "failed", "needs_model", "pending", "cancelled", "error"]

EXIT_CODES: dict[OutcomeResult, int] = {
    "passed": 0,
    "unverified": 1,
    "failed": 1,
    "needs_model": 3,
    "pending": 5,
    "cancelled": 130,
}
"""The exit code of each outcome that is a value. An accepted `unverified` exits 0; an error carries its own code."""


class Problem(StatePart):
    """One thing that went wrong, as the JSON contract's `errors` show it."""

    type: str
    message: str
    hint: str = ""


class Outcome(StatePart):
    """How the run ended, why in a sentence, and whether the caller accepted what nothing proves."""

    result: OutcomeResult
    reason: str = ""
    accepted: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether the code may be written, cached or imported."""
        return self.result == "passed" or (self.result == "unverified" and self.accepted)

    @property
    def exit_code(self) -> int:
        """The command line's exit code for this outcome."""
        return 0 if self.usable else EXIT_CODES.get(self.result, 1)
