"""Answers as bytes at once: the models are ours and valid, so nothing is validated a second time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, TypeVar

from fastapi import Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from genloom.tools.codegen.wire import MAX_PAGE, Page, WireModel

__all__ = ["Asked", "Window", "counts", "date", "paged", "shown"]

LARGEST_SKIP = 2**62  # what databases can count; no list is that long

P = TypeVar("P", bound=WireModel)


class Window(NamedTuple):
    """The part of a list that is asked for."""

    skip: int
    limit: int


async def _window(
    request: Request, skip: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE
) -> Window:
    return Window(min(skip, LARGEST_SKIP), min(limit, request.app.state.serving.settings.page_size))


Asked = Annotated[Window, Depends(_window)]
"""How many items come before the page, and how many it has at most: what is asked for, within the server's limit."""


def shown(model: BaseModel) -> Response:
    """Return a model as the answer."""
    return Response(model.model_dump_json(), media_type="application/json")


def paged(kind: type[Page[P]], items: Sequence[P], total: int, window: Window) -> Response:
    """Return a page."""
    return shown(kind(items=tuple(items), total=total, **counts(total, window)))


def counts(total: int, window: Window) -> dict[str, Any]:  # Any: to be spread over a model's fields
    """Return what a page says of itself: its number from 1, its size, and how many pages there are."""
    skip, limit = window
    return {"page": skip // limit + 1, "size": limit, "pages": -(-total // limit)}


def date(seconds: float) -> str:
    """Return a Unix time as the API writes times."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
