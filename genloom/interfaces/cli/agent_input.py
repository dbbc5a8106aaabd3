"""What a command gives a run beside its prompt: pictures as data URIs, `KEY=VALUE` options as metadata."""

from __future__ import annotations

import base64
import json
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genloom.errors import StorageError, UsageError

__all__ = ["image_uri", "metadata_of"]

MAX_IMAGE_BYTES = 5_000_000


def image_uri(path: str) -> str:
    """Return a picture's file as a data URI. Raises `StorageError` or `UsageError`."""
    kind = mimetypes.guess_type(path)[0] or ""
    if not kind.startswith("image/"):
        raise UsageError(f"{path!r} does not look like an image.", hint="Give a .png, .jpg, .gif or .webp file.")
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_IMAGE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise StorageError(f"The image {path!r} cannot be read: {error}.", hint="Check the path.") from error
    if len(data) > MAX_IMAGE_BYTES:
        raise UsageError(f"The image {path!r} is larger than {MAX_IMAGE_BYTES:,} bytes.", hint="Make it smaller.")
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def metadata_of(
    pairs: Sequence[str], *, examples: Sequence[str] = (), tests: str | None = None, approval: bool = False
) -> dict[str, Any] | None:  # Any: the caller's own JSON
    """Return `KEY=VALUE` options as metadata, `None` without any, and beside them what a genloom server looks for.

    A value that is a JSON list, object, number, true, false or null is taken as such, anything else as text, also a number
    that would not be written so again (`1.10`). Raises `UsageError`, also for what is said twice.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{pair!r} is no metadata.", hint="Write it as KEY=VALUE.")
        found[name.strip()] = _value(value)
    given = {"examples": list(examples), "tests": tests, "approval": approval}
    asked = {name: value for name, value in given.items() if value}
    for name in asked.keys() & found.keys():
        raise UsageError(f"{name} is given by an option of its own and by --metadata.", hint="Give one of them.")
    return {**found, **asked} or None


def _value(text: str) -> Any:  # Any: JSON
    try:
        value = json.loads(text)
        again = json.dumps(value, allow_nan=False)  # NaN and the infinities are Python's, not JSON's
    except (ValueError, RecursionError):
        return text
    number = isinstance(value, int | float)
    return text if isinstance(value, str) or (number and again != text) else value
