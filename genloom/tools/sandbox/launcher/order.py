"""How a run's particulars reach the processes that were made for it: here all is known from the start."""

from __future__ import annotations

import os

from genloom.tools.sandbox.launcher.confinement import execute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["Order"]


class Order:
    """An order that came with the start of the launcher. A warm server's comes later."""

    def __init__(self, plan: Plan, control: int, status: int) -> None:
        self.control = control
        """Ready to be read when somebody wants the run ended."""
        self._plan = plan
        self._status = status

    def take(self, refused: int) -> Plan:
        """Return, in the supervisor, what is to be run, once everything else is prepared.

        `refused` is where the prepared run tells why it is none: it can be read then, and hangs up where the run died.
        """
        return self._plan

    def take_as_run(self) -> Plan:
        """Return the same in the run, whose confinement is complete by then."""
        return self._plan

    def go_on(self, plan: Plan) -> None:
        """Do, as the run, what all this was for."""
        execute(plan)

    def tell(self, line: str) -> None:
        """Report how it went, as the last thing that is done."""
        os.write(self._status, line.encode(errors="replace") + b"\n")
        os.close(self._status)  # whoever waits need not wait until this process's memory is given back
