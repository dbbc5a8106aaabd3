"""How large a request's body may be and how long it may take, held while it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import Message, Receive

from genloom.interfaces.server.errors import ApiError, refused

__all__ = ["BodyBudget", "BoundedBody", "declared_size"]


class BodyBudget:
    """How many bytes of bodies the server holds at a time, in all requests together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, count: int) -> bool:
        """Hold more bytes; false, and nothing held, when there is no room."""
        if self.held + count > self._most:
            return False
        self.held += count
        return True

    def give_back(self, count: int) -> None:
        """Hold so many fewer."""
        self.held -= count


class BoundedBody:
    """A `receive` that raises `ApiError` (413, 408, 503) as soon as a body is too large, too slow, or one too many.

    `bytes_at_most` counts what really comes, whatever the headers say; `seconds` is the time for all of it. Waiting for the
    client to leave, once the body is there, has no bound. Once `answering`, nothing is raised: the client counts as gone.
    """

    def __init__(
        self,
        receive: Receive,
        budget: BodyBudget,
        *,
        bytes_at_most: int,
        seconds: float,
        answering: Callable[[], bool] = lambda: False,
    ) -> None:
        self._receive = receive
        self._budget = budget
        self._answering = answering
        self._most = bytes_at_most
        self._seconds = seconds
        self._deadline: float | None = None
        self._read = 0
        self._whole = False

    async def __call__(self) -> Message:
        """Return the next message."""
        if self._whole:
            return await self._receive()
        try:
            return await self._next()
        except ApiError:
            if self._answering():
                return {"type": "http.disconnect"}
            raise

    async def _next(self) -> Message:
        now = asyncio.get_running_loop().time()
        self._deadline = self._deadline or now + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise refused(408, "The request's body took too long.", headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            self._count(len(message.get("body", b"")))
            self._whole = not message.get("more_body", False)
        return message

    def _count(self, size: int) -> None:
        if self._read + size > self._most:
            raise too_large(self._most)
        if not self._budget.take(size):
            raise refused(503, "The server reads as much as it can at present.", headers={"Retry-After": "5"})
        self._read += size

    def let_go(self) -> None:
        """Give back what is held, once the request is over."""
        self._budget.give_back(self._read)
        self._read = 0


def too_large(most: int) -> ApiError:
    """Return the 413 that names the limit."""
    return refused(413, f"The request's body is too large: this server takes {most} bytes.")


def declared_size(lengths: list[str], most: int) -> ApiError | None:
    """Return why a body of that `Content-Length` is not read at all; `None` when it may be."""
    if any(not (length.isascii() and length.isdigit()) for length in lengths):
        return refused(400, "The request's length is not a number.")
    too_long = any(len(length.lstrip("0")) > 18 or int(length) > most for length in lengths)
    return too_large(most) if too_long else None
