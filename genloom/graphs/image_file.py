"""An image of this machine as an address that an agent takes."""

from __future__ import annotations

import base64
from pathlib import Path

from genloom.errors import RequestError, StorageError

__all__ = ["image_address"]

MAX_BYTES = 20_000_000
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)


def image_address(path: str | Path) -> str:
    """Return a local image (PNG, JPEG, GIF or WebP, by what it holds) as a `data:` address, for the `images` of an agent.

    Raises `StorageError` for a file that cannot be read, and `RequestError` for one that is no such image or over 20 MB.
    """
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise StorageError(f"The image {str(path)!r} cannot be read: {error}.", hint="Check the path.") from error
    kind = next((kind for start, kind in _KINDS if data.startswith(start)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "webp"
    if kind is None:
        raise RequestError(f"{str(path)!r} is no image that models take.", hint="Give a PNG, JPEG, GIF or WebP file.")
    if len(data) > MAX_BYTES:
        raise RequestError(f"The image {str(path)!r} is larger than {MAX_BYTES:,} bytes.", hint="Make it smaller.")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
