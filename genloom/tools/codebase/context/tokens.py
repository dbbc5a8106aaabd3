"""Tokens: an estimate that needs no vocabulary and so no download."""

from __future__ import annotations

__all__ = ["BYTES_PER_TOKEN", "FENCE_TOKENS", "estimate_tokens"]

BYTES_PER_TOKEN = 3.5
"""An assumption on the safe side, not a measurement: vocabularies in use take about 3.5 to 4.5 bytes of Python a token."""

FENCE_TOKENS = 30
"""What the lines around one delimited section cost."""


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a chat model counts for a text: its UTF-8 bytes divided by 3.5, rounded up."""
    return int(-(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN))
