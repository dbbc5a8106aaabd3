"""The threads that work on the database for an event loop: a whole read or transaction is one piece of work.

Drivers that hand each statement to a thread by itself cost the loop several wake-ups a statement, and hold SQLite's write
lock for as long as the loop is busy with others.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from genloom.errors import StorageError

__all__ = ["Lane", "reads", "writes"]

WAIT_SECONDS = 30.0
MOST_WAITING = 1000

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """So many threads, each with one piece of work at a time, in the order in which it came.

    Work is done to its end, though whoever asked for it has gone away: a transaction that is cut off would hold SQLite's
    write lock for seconds. What no thread has begun within 30 seconds is refused with `StorageError` and never done; so,
    at once, is what comes while a thousand pieces are there.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="genloom-database")
        self._asked = 0

    async def do(self, work: Callable[[], T]) -> T:
        """Return what the work returns, or raise what it raises. A caller that is cancelled ends at once."""
        if self._asked >= MOST_WAITING:
            raise self._refusal()
        begun = self._pool.submit(work)
        done = asyncio.wrap_future(begun)
        self._asked += 1
        timer = asyncio.get_running_loop().call_later(WAIT_SECONDS, begun.cancel)  # work under way goes on
        done.add_done_callback(lambda _: self._left(timer))
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            if not done.cancelled() or _is_cancelled():
                raise
        raise self._refusal()

    def _left(self, timer: asyncio.TimerHandle) -> None:
        self._asked -= 1
        timer.cancel()

    def _refusal(self) -> StorageError:
        return StorageError(f"{self._name}: all connections were in use for too long.", hint="Try again.")

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


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
