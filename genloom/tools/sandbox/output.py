"""What a run writes to one of its streams, up to the cap."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Output"]


class Output:
    """The first `cap` bytes; whoever writes more is stopped. `on_line` gets each line as it comes, without its end; what
    it raises is kept in `callers_error`, and stops the run."""

    def __init__(self, stop: Callable[[], None], cap: int, on_line: Callable[[bytes], None] | None = None) -> None:
        self._stop = stop
        self._cap = cap
        self._on_line = on_line
        self._told = 0
        self.kept = bytearray()
        self.overflow = False
        self.callers_error: Exception | None = None

    def take(self, chunk: bytes) -> None:
        """Take in what came next."""
        if len(self.kept) + len(chunk) > self._cap:
            self.overflow = True
            self._stop()
        self.kept += chunk[: self._cap - len(self.kept)]
        while self._on_line and not self.callers_error and (end := self.kept.find(b"\n", self._told)) >= 0:
            self._tell(self._on_line, bytes(self.kept[self._told : end]))
            self._told = end + 1

    def _tell(self, on_line: Callable[[bytes], None], line: bytes) -> None:
        try:
            on_line(line)
        except Exception as error:  # noqa: BLE001 - the caller's own, raised again when the tree is gone
            self.callers_error = error
            self._stop()
