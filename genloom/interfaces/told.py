"""How words of others are told: without secrets, and as whole sentences."""

from __future__ import annotations

from genloom.config import load_settings
from genloom.errors import UsageError

__all__ = ["configured_secrets", "sentences", "without_secrets"]


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


def sentences(*texts: str) -> str:
    """Return texts one after the other, each with a full stop, and none that another says already."""
    told: list[str] = []
    for text in filter(None, (text.strip() for text in texts)):
        ended = text if text.endswith((".", "!", "?", "…")) else f"{text}."
        if not any(ended in other for other in told):
            told = [*(other for other in told if other not in ended), ended]
    return " ".join(told)
