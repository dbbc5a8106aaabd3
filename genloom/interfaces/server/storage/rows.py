"""Rows: from the database into records, one or a page of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, true

from genloom.interfaces.server.storage.columns import LARGEST_ID, Id

__all__ = ["fields", "page_of", "paged"]

T = TypeVar("T")


def fields(row: Any) -> dict[str, Any]:  # Any: a row of any columns, and what they hold
    """Return a row's columns by name, as the records' constructors take them."""
    return dict(row._mapping)


def paged(query: Select[Any], *, order: Callable[[Any], Sequence[ColumnElement[Any]]]) -> Select[Any]:
    """Return what `page_of` executes for a query: a page of the rows and how many there are, seen at one moment.

    `order` gets the columns, of which `id` must be one.
    """
    counted = query.with_only_columns(func.count().label("found_in_all"), maintain_column_froms=True)
    total = counted.subquery()
    ordered = query.order_by(*order(query.selected_columns))
    page = ordered.limit(bindparam("page_limit", type_=Id)).offset(bindparam("page_skip", type_=Id)).subquery()
    joined = select(total.c.found_in_all, page).select_from(total.outerjoin(page, true()))
    return joined.order_by(*order(page.c))


def page_of(
    connection: Connection,
    query: Select[Any],
    make: Callable[..., T],
    *,
    skip: int,
    limit: int,
    **values: Any,  # Any: what the query takes
) -> tuple[tuple[T, ...], int]:
    """Return some of the rows that a `paged` query finds, and how many it finds. Raises `ValueError` for negatives."""
    if skip < 0 or limit < 0:
        raise ValueError("a page begins at zero or later and has zero rows or more")
    window = {"page_limit": min(limit, LARGEST_ID), "page_skip": min(skip, LARGEST_ID)}
    found = [fields(row) for row in connection.execute(query, {**values, **window})]
    in_all = found[0]["found_in_all"]
    for row in found:
        del row["found_in_all"]
    return tuple(make(**row) for row in found if row["id"] is not None), in_all
