"""Processor: the processor's time of this process's descendants, seen from outside. Shared by the benchmarks.

What a sandbox runs is waited for in a namespace of its own, so that `getrusage` does not tell; on a busy machine wall time
alone tells little of a program.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

__all__ = ["ProcessorTime"]

EVERY_SECONDS = 0.04
_TICKS = os.sysconf("SC_CLK_TCK")


class ProcessorTime:
    """Async context manager: `seconds` is what descendants used inside it, as far as it was seen (up to two looks less)."""

    def __init__(self) -> None:
        self._first = _used()
        self._last: dict[int, float] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    @property
    def seconds(self) -> float:
        """The seconds so far."""
        return sum(used - self._first.get(process, 0.0) for process, used in self._last.items())

    async def _look(self) -> None:
        while True:
            self._last.update(_used())
            await asyncio.sleep(EVERY_SECONDS)


def _used() -> dict[int, float]:
    """The seconds that each living descendant has used."""
    found = {}
    for process in _descendants(os.getpid()):
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            found[process] = (int(fields[11]) + int(fields[12])) / _TICKS
    return found


def _descendants(process: int) -> Iterator[int]:
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _descendants(child)
