"""Rows of runs as records, and which columns are read for what."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import Any

from genloom.interfaces.server.storage.records import RunOverview, RunRecord
from genloom.interfaces.server.storage.rows import fields
from genloom.interfaces.server.storage.schema import runs

__all__ = ["LEAN", "OVERVIEW", "WHOLE", "run_record"]

OVERVIEW = [runs.c[field.name] for field in dataclass_fields(RunOverview)]
WHOLE = [runs.c[field.name] for field in dataclass_fields(RunRecord)]
LEAN = [column for column in WHOLE if column.name != "images"]
"""Images are megabytes, and only whoever works on the run looks at them."""


def run_record(row: Any) -> RunRecord:  # Any: a row of any columns
    """Return a row of `LEAN` or `WHOLE` as a record."""
    values = fields(row)
    for name in ("images", "webhooks"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return RunRecord(**values)
