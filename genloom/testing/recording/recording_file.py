"""The file of a recording: JSON that people read and version control compares, the requests in one order whoever asked
first. Its answers may be edited; a request that was edited no longer fits its key, and is an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from genloom.errors import StorageError, UsageError
from genloom.testing.recording.request import Json, ModelRequest

__all__ = [
    "RecordedCall",
    "RecordedCalls",
    "dump_calls",
    "entry_text",
    "file_text",
    "parse_calls",
    "place",
    "read_calls",
    "readable",
    "refuse_foreign",
]

FORMAT = "genloom model recording"
VERSION = 1
MOST_BYTES = 64 * 1024 * 1024
MOST_ANSWERS = 10_000

RecordedCall = tuple[ModelRequest, list[dict[str, Json]]]
"""A request and its answers, in the order in which they were given."""

RecordedCalls = dict[str, RecordedCall]
"""By the requests' keys."""


def read_calls(path: Path) -> RecordedCalls:
    """Return what a file holds; nothing when there is none. Raises `UsageError` when it is no recording of this version,
    and `StorageError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path} is larger than 64 MB.", hint="Record less in one file.")
    try:
        return parse_calls(content.decode("utf-8"))
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no UTF-8 text.", hint=_ANEW) from error


def refuse_foreign(path: Path) -> None:
    """Raise `UsageError` when a file stands there that was never a recording, of whichever version."""
    try:
        with path.open("rb") as file:
            beginning = file.read(1000)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    if beginning.strip() and FORMAT.encode() not in beginning:
        raise UsageError(f"{path} is no recording of a model, and is not replaced.", hint="Choose another path.")


_ANEW = "Record it anew: GENLOOM_MODEL_RECORDING=record."


def parse_calls(text: str) -> RecordedCalls:
    """Return what a file's text holds. Raises `UsageError` that says what is wrong with it."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"It is no JSON: {error}", hint=_ANEW) from error
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise UsageError("It is no recording of a model.", hint="Choose another path.")
    if whole.get("version") != VERSION:
        raise UsageError(f"Its version is {whole.get('version')!r}, not {VERSION}.", hint=_ANEW)
    calls: RecordedCalls = {}
    try:
        for entry in whole["calls"]:
            request = ModelRequest(data=_request_read(entry["request"]))
            answers = [_lines_read(answer) for answer in entry["answers"]]
            if request.key != entry["key"]:
                raise UsageError(f"The request {entry['key']} was edited: it no longer fits its key.", hint=_ANEW)
            calls[request.key] = request, answers
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"An entry is malformed: {type(error).__name__}: {error}", hint=_ANEW) from error
    return calls


def dump_calls(calls: RecordedCalls) -> str:
    """Return the text of a file. Raises `UsageError` when it would be too large to be read."""
    ordered = sorted(calls.values(), key=lambda call: (place(call[0]), call[0].key))
    return file_text([entry_text(*call) for call in ordered], sum(len(answers) for _, answers in ordered))


def entry_text(request: ModelRequest, answers: Sequence[Mapping[str, Json]]) -> str:
    """Return one call as it stands in the file."""
    entry = {"key": request.key, "request": readable(request), "answers": [_lines(answer) for answer in answers]}
    return json.dumps(entry, indent=1, ensure_ascii=False).replace("\n", "\n  ")


def file_text(entries: Sequence[str], answers: int) -> str:
    """Return the text of a file of so many answers. Raises `UsageError` when it would be too large to be read."""
    if answers > MOST_ANSWERS:
        raise UsageError(f"A recording holds at most {MOST_ANSWERS} answers.", hint="Record less in one file.")
    calls = "[\n  " + ",\n  ".join(entries) + "\n ]" if entries else "[]"
    text = f'{{\n "format": {json.dumps(FORMAT)},\n "version": {VERSION},\n "calls": {calls}\n}}\n'
    if len(text) > MOST_BYTES or (len(text) > MOST_BYTES // 4 and len(text.encode()) > MOST_BYTES):
        raise UsageError("A recording takes at most 64 MB.", hint="Record less in one file.")
    return text


def place(request: ModelRequest) -> list[str]:
    """Return what requests are ordered by: their messages, so that a conversation's turns stand one after the other."""
    return [json.dumps(message, sort_keys=True) for message in request.data["messages"]]


def readable(request: ModelRequest) -> dict[str, Json]:
    """Return a request as the file shows it: texts of several lines as lists of lines."""
    return {**request.data, "messages": [_lines(message) for message in request.data["messages"]]}


def _request_read(shown: Mapping[str, Json]) -> dict[str, Json]:
    return {**shown, "messages": [_lines_read(message) for message in shown["messages"]]}


def _lines(message: Mapping[str, Json]) -> dict[str, Json]:
    content = message["content"]
    if not isinstance(content, str) or "\n" not in content:
        return dict(message)
    return {("lines" if key == "content" else key): item for key, item in message.items()} | {
        "lines": content.split("\n")
    }


def _lines_read(shown: Mapping[str, Json]) -> dict[str, Json]:
    if "lines" not in shown:
        return {**shown, "content": shown["content"]}
    return {("content" if key == "lines" else key): item for key, item in shown.items()} | {
        "content": "\n".join(shown["lines"])
    }
