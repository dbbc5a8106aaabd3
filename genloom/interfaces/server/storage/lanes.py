"""The threads that work on the database for an event loop: a whole read or transaction is one piece of work.

Drivers that hand each statement to a thread by itself cost the loop several wake-ups a statement, and hold SQLite's write
lock for as long as the loop is busy with others.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from genloom.errors import StorageError

__all__ = ["Lane", "reads", "writes"]

WAIT_SECONDS = 30.0

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """So many threads, each with one piece of work at a time, in the order in which it came.

    Work is done to its end, though whoever asked for it has gone away: a transaction that is cut off would hold SQLite's
    write lock for seconds. What waited for more than 30 seconds is refused with `StorageError`.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="genloom-database")

    async def do(self, work: Callable[[], T]) -> T:
        """Return what the work returns, or raise what it raises. A caller that is cancelled ends at once."""
        done = self._pool.submit(self._in_time, work, time.monotonic() + WAIT_SECONDS)
        return await asyncio.shield(asyncio.wrap_future(done))

    def _in_time(self, work: Callable[[], T], latest: float) -> T:
        if time.monotonic() > latest:
            raise StorageError(f"{self._name}: all connections were in use for too long.", hint="Try again.")
        return work()

    async def close(self) -> None:
        """Wait until all work is done, and end the threads."""
        await asyncio.to_thread(self._pool.shutdown)


def reads(method: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:  # Any: as coroutines are written
    """Make a method that reads the database into one for event loops, which leaves the work to a reader's thread."""

    @functools.wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        lane: Lane = _part(args)._database.reading
        return await lane.do(functools.partial(method, *args, **kwargs))

    return run


def writes(method: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Do the same for a method that also writes."""

    @functools.wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        lane: Lane = _part(args)._database.writing
        return await lane.do(functools.partial(method, *args, **kwargs))

    return run


def _part(arguments: tuple[Any, ...]) -> Any:  # Any: the part of the storage whose method it is
    return arguments[0]
