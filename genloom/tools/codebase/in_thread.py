"""The asynchronous face of a method: the method itself, in a thread."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

__all__ = ["in_thread"]

Owner = TypeVar("Owner")
P = ParamSpec("P")
R = TypeVar("R")


def in_thread(
    method: Callable[Concatenate[Owner, P], R],
) -> Callable[
    Concatenate[Owner, P], Coroutine[Any, Any, R]  # Any: asyncio's own yield and send types
]:
    """Return a coroutine method that runs the method in a thread, so that an event loop goes on meanwhile.

    Cancelling it ends the wait; the method itself comes to its end in its thread.
    """

    async def call(owner: Owner, /, *args: P.args, **kwargs: P.kwargs) -> R:
        import asyncio  # imported here: what only calls the methods themselves need not pay for it

        return await asyncio.to_thread(method, owner, *args, **kwargs)

    call.__doc__ = f"As `{method.__name__}`, for use in an event loop: it runs in a thread."
    call.__name__ = f"a{method.__name__}"
    call.__qualname__ = f"{method.__qualname__.rpartition('.')[0]}.{call.__name__}"
    return call
