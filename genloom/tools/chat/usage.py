"""What a model call took: its tokens, as an event."""

from __future__ import annotations

from typing import Any

from genloom.events import ModelUsage

__all__ = ["usage_of"]


def usage_of(message: Any, model: str) -> ModelUsage:  # Any: a LangChain message, whose package is heavy to import
    """Return the tokens that a reply's `usage_metadata` tells, zeros where the server told none."""
    usage = getattr(message, "usage_metadata", None) or {}
    return ModelUsage(
        model=model,
        input_tokens=int(usage.get("input_tokens", 0)),
        output_tokens=int(usage.get("output_tokens", 0)),
    )
