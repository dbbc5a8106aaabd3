"""A page of a list."""

from __future__ import annotations

from typing import Generic, TypeVar

from genloom.tools.codegen.wire.shape import WireModel, promised

__all__ = ["MAX_PAGE", "Page"]

MAX_PAGE = 100
"""The most items that the API puts on one page."""

T = TypeVar("T")


class Page(WireModel, Generic[T]):
    """Some of `total` items. `page` counts from 1, `size` is the page's limit, `pages` how many pages there are."""

    items: tuple[T, ...]
    total: int = promised(0)
    page: int = promised(1)
    size: int = promised(0)
    pages: int = promised(0)
