"""What a recording's file holds, kept while it is written answer by answer."""

from __future__ import annotations

from pathlib import Path

from genloom.testing.recording.recording_file import RecordedCalls, entry_text, file_text, place, read_calls
from genloom.testing.recording.request import Json, ModelRequest
from genloom.tools.store.atomic_file import OVERWRITE, write_atomically

__all__ = ["WrittenCalls"]


class WrittenCalls:
    """The calls of a file as it was last read or written; each is put into text once, and again when it changes."""

    def __init__(self) -> None:
        self._calls: RecordedCalls = {}
        self._texts: dict[str, str] = {}
        self._places: dict[str, list[str]] = {}
        self._status: tuple[int, ...] | None = None

    def clear(self) -> None:
        """Forget all, for a file that is made anew."""
        self._calls, self._texts, self._places, self._status = {}, {}, {}, None

    def refresh(self, path: Path) -> None:
        """Read the file unless it is as this object wrote it. Raises as `read_calls`."""
        if self._status is None or self._status != _status(path):
            self.clear()
            self._calls = read_calls(path)

    def answers(self, request: ModelRequest) -> list[dict[str, Json]]:
        """Return the list of a request's answers, to be added to."""
        self._texts.pop(request.key, None)
        return self._calls.setdefault(request.key, (request, []))[1]

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises `StorageError`, and `UsageError` when it would be too large."""
        self._status = None  # until it stands there
        for key, (request, answers) in self._calls.items():
            if key not in self._texts:
                self._texts[key] = entry_text(request, answers)
            if key not in self._places:
                self._places[key] = place(request)
        ordered = sorted(self._texts, key=lambda key: (self._places[key], key))
        count = sum(len(answers) for _, answers in self._calls.values())
        write_atomically(path, file_text([self._texts[key] for key in ordered], count), expected_sha256=OVERWRITE)
        self._status = _status(path)


def _status(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
