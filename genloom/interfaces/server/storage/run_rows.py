"""Rows of runs as records, and which columns are read for what."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import Any

from genloom.interfaces.server.storage.records import RunOverview, RunRecord
from genloom.interfaces.server.storage.rows import fields
from genloom.interfaces.server.storage.schema import runs

__all__ = ["OVERVIEW", "WHOLE", "run_record"]

OVERVIEW = [runs.c[field.name] for field in dataclass_fields(RunOverview)]
WHOLE = [runs.c[field.name] for field in dataclass_fields(RunRecord)]


def run_record(row: Any) -> RunRecord:  # Any: a row of any columns
    """Return a row of `WHOLE` as a record."""
    values = fields(row)
    if values["webhooks"] is not None:
        values["webhooks"] = tuple(values["webhooks"])
    return RunRecord(**values)
