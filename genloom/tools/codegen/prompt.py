"""What may leave for the agent: a prompt without secrets and within limits, and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genloom.config import load_settings
from genloom.errors import UsageError
from genloom.state.limits import MAX_PROMPT_CHARACTERS
from genloom.tools.codegen.wire import IDEMPOTENCY_FIELD

__all__ = ["checked_images", "checked_metadata", "checked_prompt"]

MAX_IMAGES = 10
MAX_IMAGE_CHARACTERS = 8_000_000


def checked_prompt(prompt: str, *, secret: str) -> str:
    """Return the prompt with every secret redacted, `secret` and those of the settings among them.

    Raises `UsageError` when it is empty or has more than 400,000 characters.
    """
    from genloom.tools.security import redact  # here: its patterns are not needed to read runs

    if not prompt.strip():
        raise UsageError("The agent's prompt is empty.", hint="Say in a sentence what the agent should do.")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise UsageError(
            f"The agent's prompt has {len(prompt)} characters; at most {MAX_PROMPT_CHARACTERS} are sent.",
            hint="Give it less context.",
        )
    return redact(prompt, secrets=_known(secret))


def checked_metadata(metadata: Mapping[str, Any] | None, *, secret: str) -> dict[str, Any] | None:  # Any: JSON
    """Return the metadata with every secret redacted as in a prompt, `None` for none.

    The idempotency key stays as it is, or the run could not be found by it. Raises `UsageError` when it holds a secret.
    """
    from genloom.tools.security import Redactor  # here: as above

    if not metadata:
        return None
    known = _known(secret)
    key = metadata.get(IDEMPOTENCY_FIELD)
    if isinstance(key, str) and any(value in key for value in known):
        raise UsageError("The idempotency key holds a secret.", hint="Give one that may be read by others.")
    redacted: dict[str, Any] = Redactor(secrets=known).data(dict(metadata))
    return {**redacted, IDEMPOTENCY_FIELD: key} if IDEMPOTENCY_FIELD in metadata else redacted


def _known(secret: str) -> tuple[str, ...]:
    return (secret, *load_settings().secrets)


def checked_images(images: Sequence[str]) -> tuple[str, ...] | None:
    """Return the images when they are few, small data URIs, `None` for none. Raises `UsageError` otherwise."""
    if len(images) > MAX_IMAGES or any(len(image) > MAX_IMAGE_CHARACTERS for image in images):
        raise UsageError(
            f"At most {MAX_IMAGES} images of {MAX_IMAGE_CHARACTERS} characters are sent.",
            hint="Send fewer or smaller ones.",
        )
    if not all(image.startswith("data:") for image in images):
        raise UsageError("An image is not a base64 data URI.", hint="Write it as `data:image/png;base64,…`.")
    return tuple(images) or None
