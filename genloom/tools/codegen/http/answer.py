"""An answer's body, read within bounds."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

__all__ = ["ACCEPT_ENCODING", "Answer", "UnreadableError", "read_answer"]

ACCEPT_ENCODING = "gzip"
PIECE_BYTES = 64 * 1024


class UnreadableError(Exception):
    """The body cannot be used; the argument says why, as the end of a sentence that begins with "the answer"."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer. Header names are lower case."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of the 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:  # Any: whatever the server sent
        """Return the parsed body. Raises `UnreadableError` when it is no JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            looks = "is a web page" if self.content.lstrip()[:1] == b"<" else "is not JSON, or was cut short"
            raise UnreadableError(looks) from error


async def read_answer(response: httpx.Response, *, limit: int) -> Answer:
    """Return the answer of a streamed response, whose unpacked body has at most `limit` bytes.

    It is unpacked here, piece by piece: httpx would unpack a small piece to a thousand times its size at once. Raises
    `UnreadableError` for a 2xx; of a refusal whose body is unusable the body is left out.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        content = await _content(response, limit)
    except UnreadableError:
        if response.is_success:
            raise
        content = b""  # the status of a refusal says enough
    return Answer(status=response.status_code, headers=headers, content=content)


async def _content(response: httpx.Response, limit: int) -> bytes:
    body = _body(response.headers.get("content-encoding", "identity").strip().lower(), limit)
    async for piece in response.aiter_raw(PIECE_BYTES):
        body.add(piece)
    return body.whole()


class _PlainBody:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        self._content += piece
        if len(self._content) > self._limit:
            raise UnreadableError(f"is longer than {self._limit // 2**20 or 1} MB")

    def whole(self) -> bytes:
        return bytes(self._content)


class _PackedBody(_PlainBody):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, as its first bytes say

    def add(self, piece: bytes) -> None:
        try:
            super().add(self._unpacker.decompress(piece, self._limit + 1 - len(self._content)))
        except zlib.error as error:
            raise UnreadableError("is not compressed as it says") from error

    def whole(self) -> bytes:
        if not self._unpacker.eof:
            raise UnreadableError("was cut short")
        return super().whole()


def _body(encoding: str, limit: int) -> _PlainBody:
    if encoding in ("", "identity"):
        return _PlainBody(limit)
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _PackedBody(limit)
    raise UnreadableError("is compressed in a way that was not asked for")
