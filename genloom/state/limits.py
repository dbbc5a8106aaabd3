"""Limits of what is asked, for those who check before a request is made of it."""

from __future__ import annotations

__all__ = ["MAX_PROMPT_CHARACTERS"]

MAX_PROMPT_CHARACTERS = 400_000
"""As many as the Codegen API takes."""
