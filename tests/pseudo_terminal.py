"""A terminal that a process is given as one or more of its streams, and what it shows."""

from __future__ import annotations

import os
import pty
import threading

__all__ = ["PseudoTerminal"]


class PseudoTerminal:
    """Give `end` to a process as a stream, `let_go` of it once the process has it, `type_in`, and when the process has ended
    take what was `shown`."""

    def __init__(self) -> None:
        self._ours, self.end = pty.openpty()
        self._bytes = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def let_go(self) -> None:
        """Leave the other end to the process alone, and begin to read."""
        os.close(self.end)
        self._reader.start()

    def type_in(self, text: str) -> None:
        """Type a text."""
        os.write(self._ours, text.encode())

    def so_far(self) -> str:
        """Return what was written until now."""
        return bytes(self._bytes).decode(errors="replace")

    def shown(self) -> str:
        """Return all that was written, and close the terminal."""
        self._reader.join(10)
        os.close(self._ours)
        return self._bytes.decode(errors="replace")

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 4096):
                self._bytes.extend(data)
        except OSError:  # nobody writes any more
            return
