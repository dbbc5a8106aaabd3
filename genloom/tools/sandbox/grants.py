"""What a run may do beyond computing, all of it among its own processes."""

from __future__ import annotations

from dataclasses import dataclass

from genloom.state import Grant

__all__ = ["NO_GRANTS", "Grants"]


@dataclass(frozen=True, kw_only=True)
class Grants:
    """`loopback`: sockets on the loopback interface of a network that the run has for itself, where nothing else listens.
    `shared_memory`: POSIX shared memory and semaphores of its own, as `multiprocessing` uses them.

    Where a run cannot be given what it is granted, it is not started. Nothing outside can be reached either way.
    """

    loopback: bool = False
    shared_memory: bool = False

    @property
    def names(self) -> tuple[Grant, ...]:
        """What is granted, by name, as reports and verdicts show it."""
        loopback: tuple[Grant, ...] = ("loopback",) if self.loopback else ()
        return (*loopback, "shared_memory") if self.shared_memory else loopback


NO_GRANTS = Grants()
