"""Standard output and error: answers go to the one, what is for people beside them to the other."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any

from genloom.errors import StorageError
from genloom.interfaces.visible import visible

__all__ = ["ReaderGoneError", "is_terminal", "put_bytes", "put_code", "put_json", "put_text", "tell"]


class ReaderGoneError(Exception):
    """The program that read our standard output has ended: no error, and nothing left to do."""


def is_terminal(stream: IO[Any] | None) -> bool:  # Any: text or bytes
    """Whether a person reads the stream as it is written."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def put_bytes(data: bytes) -> None:
    """Write to standard output. Raises `StorageError` when it cannot take it (a full disk, closed), `ReaderGoneError`
    when nobody reads it any more."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        _discard_output()
        raise ReaderGoneError from error
    except (OSError, ValueError, AttributeError) as error:
        _discard_output()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is closed"
        raise StorageError(
            f"The answer could not be written to standard output: {reason}.",
            hint="Check where the output is sent, and the space on that disk.",
        ) from error


def _discard_output() -> None:
    """Send what is left of the output nowhere: Python would try to write it at the end, and fail with a code of its own."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, sys.stdout.fileno())
        finally:
            os.close(nowhere)


def put_text(text: str) -> None:
    """Write text for people to standard output, with a line break at its end."""
    if is_terminal(sys.stdout):
        text = visible(text)
        put_bytes(f"{text}\n".encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
    else:
        put_bytes(f"{text}\n".encode("utf-8", "backslashreplace"))


def put_json(value: object) -> None:
    """Write one JSON object, on one line, in ASCII."""
    put_bytes(f"{json.dumps(value)}\n".encode("ascii"))


def put_code(source: str) -> None:
    """Write Python code: as it is (in UTF-8, as Python reads it) to a pipe or file, highlighted to a terminal."""
    if not is_terminal(sys.stdout):
        put_bytes(source.encode("utf-8", "backslashreplace"))
        return
    from rich.console import Console  # imported here: pipes and caches need no colours
    from rich.syntax import Syntax

    with suppress(BrokenPipeError):  # a terminal that is gone
        Console().print(Syntax(visible(source), "python", theme="ansi_dark", background_color="default"))


def tell(lines: str | Iterable[str], *, style: str = "", end: str = "\n") -> None:
    """Write lines for people to standard error; a standard error that is closed or full takes nothing, silently."""
    text = visible(lines if isinstance(lines, str) else "\n".join(lines))
    with suppress(OSError, ValueError, AttributeError):
        if style and is_terminal(sys.stderr):
            from rich.console import Console

            Console(stderr=True, highlight=False, soft_wrap=True).print(text, style=style, markup=False)
        else:
            sys.stderr.write(f"{text}{end}")
            sys.stderr.flush()
