"""A group of endpoints: what they share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

from pydantic import BaseModel

from genloom.errors import UsageError
from genloom.tools.codegen.http.connection import Connection
from genloom.tools.codegen.wire import MAX_PAGE, Page

__all__ = ["EndpointGroup", "every_item", "page_window"]

MAX_PAGES = 1000

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T", bound=BaseModel)


class EndpointGroup:
    """Endpoints of one kind over one connection; `organization` tells whose. Each method is one request, never repeated.

    Raises what `genloom.tools.codegen.http.failures` lists.
    """

    def __init__(self, connection: Connection, organization: Callable[[], Awaitable[int]]) -> None:
        self._connection = connection
        self._own_organization = organization

    async def _path(self, path: str, *, version: str = "/v1") -> str:
        return f"{version}/organizations/{await self._own_organization()}{path}"

    async def _get(
        self, shape: type[M], path: str, doing: str, params: Mapping[str, str | int | bool] | None = None
    ) -> M:
        return await self._connection.call(shape, "GET", path, doing=doing, params=params)


def page_window(limit: int, skip: int) -> dict[str, str | int | bool]:
    """Return the query of a page. Raises `UsageError` when `limit` is not 1 to 100 or `skip` is negative."""
    if not 1 <= limit <= MAX_PAGE or skip < 0:
        raise UsageError(
            f"A page of {limit} items after {skip} cannot be asked for.",
            hint=f"The API gives 1 to {MAX_PAGE} at a time.",
        )
    return {"limit": limit, "skip": skip}


async def every_item(
    fetch: Callable[[int, int], Awaitable[Page[T]]], *, number: Callable[[T], object], most: int | None = None
) -> AsyncIterator[T]:
    """Yield the items of all pages, `most` at most. `fetch` takes limit and skip, `number` tells what identifies an item.

    An item that slides to a later page, because others were added before it, comes once. It ends with the list's end,
    with a page that brings nothing new, or after 1,000 pages.
    """
    if most is not None and most <= 0:
        return
    seen: set[object] = set()
    for page_number in range(MAX_PAGES):
        page = await fetch(MAX_PAGE, page_number * MAX_PAGE)
        fresh = {number(item): item for item in page.items if number(item) not in seen}
        for key, item in fresh.items():
            seen.add(key)
            yield item
            if most is not None and len(seen) >= most:
                return
        if not fresh or len(page.items) < MAX_PAGE:
            return
