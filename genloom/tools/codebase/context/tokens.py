"""Tokens: an estimate that needs no vocabulary and so no download, and what any other counter must be like."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["BYTES_PER_TOKEN", "FENCE_TOKENS", "TokenCounter", "estimate_tokens", "fence_tokens", "label_tokens"]

TokenCounter = Callable[[str], int]
"""Counts a text's tokens. Of two texts one after the other it counts no more than one token more than of each alone."""

BYTES_PER_TOKEN = 3.5
"""An assumption, not a measurement. A vocabulary cuts a text into pieces first (words, numbers, punctuation, space) and has
one token for each at least. By the pieces of o200k, Python has 5.1 bytes a piece, JavaScript, C and Java 4.1 to 4.4, Ruby
and Go 3.8 to 4.0: the estimate is above that lower bound by 9 % (Go) to 45 % (Python). How far a real count is above it was
not measured, for want of the vocabulary; give `Codebase.context` the model's own counter where that matters."""

FENCE_TOKENS = 30
"""What the lines around one delimited section cost."""

LABEL_TOKENS = 24
"""What one label in a fence's first line costs."""

_FENCE = '<data-0123456789ab title="project rules: .github/copilot-instructions.md">\n</data-0123456789ab>\n'
_LABEL = ' labels="overrides-instructions (lines 100000, 110000, 120000, …); "'


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a chat model counts for a text: its UTF-8 bytes divided by 3.5, rounded up."""
    return int(-(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN))


def fence_tokens(count: TokenCounter) -> int:
    """Return what the lines around one delimited section cost by a counter."""
    return FENCE_TOKENS if count is estimate_tokens else count(_FENCE) + 1


def label_tokens(count: TokenCounter) -> int:
    """Return what one label in a fence's first line costs by a counter."""
    return LABEL_TOKENS if count is estimate_tokens else count(_LABEL) + 1
