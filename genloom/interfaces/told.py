"""What may be told of an error that is not genloom's own: its words without secrets."""

from __future__ import annotations

from genloom.config import load_settings
from genloom.errors import UsageError

__all__ = ["without_secrets"]


def without_secrets(text: str) -> str:
    """Return the text with every secret taken out, the configured ones among them."""
    from genloom.tools.security import redact  # imported here: almost no command ends so

    try:
        secrets = load_settings().secrets
    except UsageError:
        secrets = ()
    return redact(text, secrets=secrets)
