"""How large a request's body may be and how long it may take, held while it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import Message, Receive

from genloom.interfaces.server.errors import ApiError, refused

__all__ = ["BoundedBody", "declared_size"]


class BoundedBody:
    """A `receive` that raises `ApiError` (413, 408) as soon as a body is too large or too slow.

    `bytes_at_most` counts what really comes, whatever the headers say; `seconds` is the time for all of it. Waiting for the
    client to leave, once the body is there, has no bound. Once `answering`, nothing is raised: the client counts as gone.
    """

    def __init__(
        self, receive: Receive, *, bytes_at_most: int, seconds: float, answering: Callable[[], bool] = lambda: False
    ) -> None:
        self._receive = receive
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
            self._read += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._read > self._most:
                raise too_large(self._most)
        return message


def too_large(most: int) -> ApiError:
    """Return the 413 that names the limit."""
    return refused(413, f"The request's body is too large: this server takes {most} bytes.")


def declared_size(lengths: list[str], most: int) -> ApiError | None:
    """Return why a body of that `Content-Length` is not read at all; `None` when it may be."""
    if any(not (length.isascii() and length.isdigit()) for length in lengths):
        return refused(400, "The request's length is not a number.")
    too_long = any(len(length.lstrip("0")) > 18 or int(length) > most for length in lengths)
    return too_large(most) if too_long else None
