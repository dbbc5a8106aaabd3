"""The parent's side of the private pipe: asks with a fresh nonce, takes exactly one well-formed record."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from typing import Any, Literal

from genloom.tools.sandbox.conversation.pipes import PipeReader, PipeWriter

__all__ = ["BrokenDialogueError", "Dialogue"]

MOST_DIGITS = 20


class BrokenDialogueError(Exception):
    """No valid record came: the process `ended` before it, it was `too_large`, or it is `forged`, not the worker's own."""

    def __init__(self, why: str, kind: Literal["ended", "too_large", "forged"]) -> None:
        super().__init__(why)
        self.why = why
        self.kind = kind


class Dialogue:
    """Questions and records of one run; at most `budget` bytes of records are taken."""

    def __init__(self, reader: PipeReader, writer: PipeWriter, budget: int) -> None:
        self._reader = reader
        self._writer = writer
        self._budget = budget
        self._nonce = b""
        self.broken: BrokenDialogueError | None = None
        """Why no further record can be trusted, once something went wrong."""

    def close(self) -> None:
        """Tell the worker that nothing more is asked."""
        self._writer.close()

    async def ask(self, *fields: str) -> list[Any]:  # Any: decoded JSON, checked by whoever asked
        """Send one question and return its record. Raises `BrokenDialogueError`."""
        self._nonce = secrets.token_hex(16).encode()
        body = "\0".join(fields).encode("utf-8", "surrogatepass")
        with contextlib.suppress(ConnectionError):  # what it wrote before it closed its end is still to be read
            await self._writer.send(self._nonce + b" %d\n" % len(body) + body)
        return await self.next_record()

    async def next_record(self) -> list[Any]:
        """Return a further record of the same question. Raises `BrokenDialogueError`."""
        try:
            return await self._take()
        except BrokenDialogueError as broken:
            self.broken = broken
            raise

    def allow(self, more: int) -> None:
        """Take so many more bytes than the budget."""
        self._budget += more

    def reject(self, why: str) -> BrokenDialogueError:
        """Return the error to raise for a record that makes no sense as an answer."""
        self.broken = BrokenDialogueError(why, "forged")
        return self.broken

    async def _take(self) -> list[Any]:
        try:
            line = await self._reader.line()
        except asyncio.IncompleteReadError as error:
            kind: Literal["ended", "forged"] = "forged" if error.partial else "ended"
            raise BrokenDialogueError("the process ended before its record was complete", kind) from error
        except asyncio.LimitOverrunError as error:
            raise BrokenDialogueError("the record is larger than the limit", "too_large") from error
        self._budget -= len(line)
        if self._budget < 0:
            raise BrokenDialogueError("the records are larger than the limit", "too_large")
        nonce, _, text = line.rstrip(b"\n").partition(b" ")
        if not secrets.compare_digest(nonce, self._nonce):
            raise BrokenDialogueError("something else than the record came out of the pipe", "forged")
        return _parse(text)

    async def expect_end(self) -> None:
        """Make sure that nothing follows. Raises `BrokenDialogueError`."""
        if await self._reader.has_more():
            raise self.reject("more records came than were asked for")


def _parse(text: bytes) -> list[Any]:
    try:
        record = json.loads(
            text.decode("ascii"),
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_small_integer,
            object_pairs_hook=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise BrokenDialogueError("the record is malformed", "forged") from error
    if not isinstance(record, list) or not record or not isinstance(record[0], str):
        raise BrokenDialogueError("the record is malformed", "forged")
    return record


def _refuse(found: object) -> None:
    raise ValueError(f"not part of the format: {found!r:.80}")


def _small_integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError("a long integer is written in hexadecimal")
    return int(text)
