"""Inputs: the files, folders and programs that arguments name, read within bounds."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from genloom.errors import RequestError, StorageError

__all__ = ["find_folder", "find_python", "find_repository", "place_of_tests", "read_prompt", "read_query", "read_text"]

MAX_FILE_BYTES = 2_000_000
MAX_PROMPT_BYTES = 1_000_000
QUERY_END = 50_000
"""So many characters of each end of a query are kept: more than a search looks at."""
CHUNK_BYTES = 1_000_000


def read_prompt(argument: str) -> str:
    """Return the prompt: the argument itself, or standard input for `-`."""
    if argument != "-":
        return argument
    try:
        data = sys.stdin.buffer.read(MAX_PROMPT_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError, AttributeError) as error:
        raise RequestError(
            "The prompt on standard input is not UTF-8 text, or cannot be read.",
            hint="Send text, or give it as argument.",
        ) from error
    if len(data) > MAX_PROMPT_BYTES:
        raise RequestError(f"The prompt on standard input is longer than {MAX_PROMPT_BYTES:,} bytes.")
    return text


def read_query(argument: str) -> tuple[str, int]:
    """Return a query, the argument itself or standard input for `-`, and how many characters were left out of its middle.

    It may have any length, of which the ends are kept, and any bytes: those that are no UTF-8 are replaced. Raises
    `RequestError` where it says nothing.
    """
    start, end, dropped = "", "", 0
    for text in _query_texts(argument):
        if len(start) < QUERY_END:
            start, text = start + text[: QUERY_END - len(start)], text[QUERY_END - len(start) :]
        end += text
        dropped += max(len(end) - QUERY_END, 0)
        end = end[-QUERY_END:]
    if not (start.strip() or end.strip()):
        raise RequestError(
            "The query is empty.",
            hint="Give words, a name, a path, an issue or a stack trace; with `-` on standard input.",
        )
    return (f"{start}\n{end}" if dropped else start + end), dropped


def _query_texts(argument: str) -> Iterator[str]:
    """Yield a query piece by piece."""
    if argument != "-":
        yield os.fsencode(argument).decode("utf-8", "replace")
        return
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    try:
        while data := sys.stdin.buffer.read(CHUNK_BYTES):
            yield decoder.decode(data)
    except (OSError, ValueError, AttributeError) as error:
        raise RequestError(
            "Standard input cannot be read.", hint="Give the query as argument, or by a pipe: `… | genloom context -`."
        ) from error
    yield decoder.decode(b"", final=True)


def read_text(path: str | None, what: str) -> str | None:
    """Return the text of a file that an option names, `None` without one. Raises `StorageError`."""
    if path is None:
        return None
    hint = "Give the path of a text file."
    try:
        if not Path(path).is_file():  # a pipe would be waited for
            why = "it is no file" if Path(path).exists() else "there is none"
            raise StorageError(f"The {what} {path!r} cannot be read: {why}.", hint=hint)
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StorageError(f"The {what} {path!r} cannot be read: {why}.", hint=hint) from error
    if len(data) > MAX_FILE_BYTES:
        raise StorageError(f"The {what} {path!r} is larger than {MAX_FILE_BYTES:,} bytes.", hint=hint)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StorageError(f"The {what} {path!r} is not UTF-8 text.", hint=hint) from error


def place_of_tests(path: str | None, repository: str | None) -> str | None:
    """Return where a test file lies in the repository, `None` for one outside and without either. Reads the disk."""
    from genloom.tools.sandbox import RepositoryView  # imported here: most commands have no use for it

    if path is None or repository is None:
        return None
    return RepositoryView(str(Path(repository).resolve())).relative(Path(path))


def find_repository(path: str | None) -> str | None:
    """Return the absolute path, so that a thread resumed elsewhere finds the repository again. A folder that cannot
    serve is told by who reads it."""
    return None if path is None else str(Path(path).expanduser().absolute())


def find_folder(path: str | None) -> str | None:
    """Return the absolute path of a folder that can be listed. Raises `StorageError`."""
    if path is None:
        return None
    try:
        folder = Path(path).expanduser().absolute()
        with os.scandir(folder) as listing:
            next(listing, None)
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StorageError(
            f"The folder {path!r} cannot be read: {why}.", hint="Give the folder of the code."
        ) from error
    return str(folder)


def find_python(name: str | None) -> str | None:
    """Return the path of the interpreter that an option names, by path or by a name on PATH. Raises `UsageError`."""
    from genloom.tools.sandbox import find_interpreter  # imported here: most commands have no use for it

    return None if name is None else str(find_interpreter(name))
