"""Column types and limits of what is stored, the same for SQLite and Postgres."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import BigInteger, Dialect, Double, Integer, Text
from sqlalchemy.types import TypeDecorator

__all__ = ["LARGEST_ID", "Id", "JsonText", "Seconds", "digest_of", "is_id"]

LARGEST_ID = 2**63 - 1
"""The largest number that both databases can store. A larger one names nothing."""

Id = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only what is declared INTEGER
Seconds: Double[float] = Double()
"""Unix time, or a length of time, in seconds."""


class JsonText(TypeDecorator[Any]):  # Any: JSON values
    """JSON in a column of text, for whatever a caller may send: Postgres takes neither NUL in text nor NaN in its JSON.

    Text, too, is stored this way where it is the caller's: as JSON every string is plain ASCII. `None` is SQL's NULL.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the text that is stored."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Return the value that was stored."""
        return None if value is None else json.loads(value)


def is_id(*numbers: int | None) -> bool:
    """Whether all of the numbers can be ids of rows; `None` counts as one that is not asked for."""
    return all(number is None or 0 < number <= LARGEST_ID for number in numbers)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in hex: what stands for a text of any length and content in an index."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
