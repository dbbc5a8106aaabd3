"""What may leave for the agent: a prompt without secrets and within limits, and images."""

from __future__ import annotations

from collections.abc import Sequence

from genloom.errors import UsageError

__all__ = ["MAX_PROMPT_CHARACTERS", "checked_images", "checked_prompt"]

MAX_PROMPT_CHARACTERS = 400_000
MAX_IMAGES = 10
MAX_IMAGE_CHARACTERS = 8_000_000


def checked_prompt(prompt: str, *, secret: str) -> str:
    """Return the prompt with every secret redacted, `secret` among them.

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
    return redact(prompt, secrets=(secret,))


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
