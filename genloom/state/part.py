"""A part of the graph's state: a frozen pydantic model that survives a checkpoint unchanged."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["StatePart"]


class StatePart(BaseModel):
    """The base of every state part: immutable, keyword-only, unknown keys refused, sequences held as tuples."""

    model_config = ConfigDict(frozen=True, extra="forbid")
