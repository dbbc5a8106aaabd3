"""What genloom and a warm server say to one another; the same on both sides of the socket.

The first message to a server comes with the descriptor of the plan that all its runs have in common. Each further one
orders a run: the packed limits, with `DESCRIPTORS`. Both are single messages, so that a server takes all of one or none.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["ACCEPTED", "DESCRIPTORS", "FOR_RUN", "FOR_SUPERVISOR", "LIMITS_SIZE", "pack_limits", "unpack_limits"]

FOR_SUPERVISOR = ("control", "status")
"""The descriptors of an order that the run's supervisor keeps, in their order."""

FOR_RUN = ("plan", "stdin", "stdout", "stderr", "calls", "records")
"""Those that follow, which it hands on to the run and closes."""

DESCRIPTORS = FOR_SUPERVISOR + FOR_RUN

ACCEPTED = b"accepted\n"
"""Written to `status` by the supervisor that took an order: from then on it answers for it."""

_LIMITS = "<dQ"
LIMITS_SIZE = struct.calcsize(_LIMITS)


def pack_limits(plan: Plan) -> bytes:
    """Return what a supervisor has to know of a run: seconds, and bytes of memory."""
    return struct.pack(_LIMITS, plan["wall_seconds"], plan["memory"])


def unpack_limits(message: bytes) -> tuple[float, int]:
    """Return the seconds and the bytes of memory that were packed."""
    seconds, memory = struct.unpack(_LIMITS, message)
    return seconds, memory
