"""Rows: from the database into records, one or a page of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, select, true

from genloom.interfaces.server.storage.columns import LARGEST_ID

__all__ = ["fields", "page_of"]

T = TypeVar("T")


def fields(row: Any) -> dict[str, Any]:  # Any: a row of any columns, and what they hold
    """Return a row's columns by name, as the records' constructors take them."""
    return dict(row._mapping)


def page_of(
    connection: Connection,
    query: Select[Any],
    make: Callable[..., T],
    *,
    order: Callable[[Any], Sequence[ColumnElement[Any]]],
    skip: int,
    limit: int,
) -> tuple[tuple[T, ...], int]:
    """Return some of the rows that the query finds, and how many it finds: seen at one moment, in one statement.

    `order` gets the columns, of which `id` must be one. Raises `ValueError` for a negative number.
    """
    if skip < 0 or limit < 0:
        raise ValueError("a page begins at zero or later and has zero rows or more")
    counted = query.with_only_columns(func.count().label("found_in_all"), maintain_column_froms=True)
    total = counted.subquery()
    paged = query.order_by(*order(query.selected_columns)).limit(min(limit, LARGEST_ID)).offset(min(skip, LARGEST_ID))
    page = paged.subquery()
    joined = select(total.c.found_in_all, page).select_from(total.outerjoin(page, true())).order_by(*order(page.c))
    rows = (connection.execute(joined)).all()
    found = [fields(row) for row in rows]
    in_all = found[0]["found_in_all"]
    for row in found:
        del row["found_in_all"]
    return tuple(make(**row) for row in found if row["id"] is not None), in_all
