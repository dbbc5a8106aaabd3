"""What may be told of an error that is not genloom's own: its words without secrets."""

from __future__ import annotations

from genloom.config import load_settings
from genloom.errors import UsageError

__all__ = ["configured_secrets", "without_secrets"]


def configured_secrets() -> tuple[str, ...]:
    """Return the secrets of the configuration; none of one that cannot be read."""
    try:
        return load_settings().secrets
    except UsageError:
        return ()


def without_secrets(text: str, secrets: tuple[str, ...] | None = None) -> str:
    """Return the text with every secret taken out, the configured ones among them (`secrets`, where they are at hand)."""
    from genloom.tools.security import redact  # imported here: almost no command ends so

    return redact(text, secrets=configured_secrets() if secrets is None else secrets)
