"""A part of the graph's state: a frozen pydantic model that survives a checkpoint unchanged."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

__all__ = ["StatePart", "Text"]


def _demand_encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text holds half of a character (a lone surrogate) and cannot be stored") from error
    return text


Text = Annotated[str, AfterValidator(_demand_encodable)]
"""Text of a caller's: whatever can be stored and sent."""


class StatePart(BaseModel):
    """The base of every state part: immutable, keyword-only, unknown keys refused, sequences held as tuples."""

    model_config = ConfigDict(frozen=True, extra="forbid")
