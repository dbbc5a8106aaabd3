"""Work on the database that is done to its end, though whoever asked for it has gone away."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

__all__ = ["whole"]

F = TypeVar("F", bound=Callable[..., Coroutine[Any, Any, Any]])  # Any: each method keeps its own signature


def whole(method: F) -> F:
    """Let a method of a storage go on when its caller is cancelled: the caller ends at once, the work in its own time.

    A statement that is cut off leaves SQLite's write lock with a connection that is being closed, for seconds.
    """

    @functools.wraps(method)
    async def run(self: Any, *args: Any, **kwargs: Any) -> Any:  # Any, as above
        task = asyncio.ensure_future(method(self, *args, **kwargs))
        self._database.remember(task)
        return await asyncio.shield(task)

    return cast("F", run)
