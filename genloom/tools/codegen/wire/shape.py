"""What all shapes of the API have in common: frozen; what an answer holds beyond the documents is kept."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PROMISED", "WireInput", "WireModel", "promised"]

PROMISED = "x-promised"
"""Stands in the JSON schema of a field that the documents promise and that is not missed when it fails to come."""


class WireModel(BaseModel):
    """What the API answers. Fields that the documents do not name stay on it (`model_extra`)."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)


class WireInput(BaseModel):
    """What the API is sent. A field that the documents do not name is a mistake, and refused before it is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def promised(default: object) -> Any:  # Any: as pydantic's own `Field`, it stands where the field's value will
    """Return a field that the documents promise in every answer, and that gets `default` when it is missing.

    A run must not be lost because a server left out what nobody needs.
    """
    return Field(default=default, json_schema_extra={PROMISED: True})
