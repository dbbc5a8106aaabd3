"""The private pipe: numbered questions come in, one record goes out for each.

In:  `NONCE LENGTH\\n` and then LENGTH bytes. Out: `NONCE RECORD\\n`, the record being one line of JSON. A nonce is known
only from the moment its question arrives.
"""

from __future__ import annotations

import os

__all__ = ["Channel", "Message"]

# taken now: the candidate may replace what the module holds
_read, _write, _getpid, _exit = os.read, os.write, os.getpid, os._exit
_len, _int = len, int

CALLS, RECORDS = 3, 4


class Message:
    """One question: its nonce and its fields."""

    def __init__(self, nonce: bytes, fields: list[str]) -> None:
        self.nonce = nonce
        self.fields = fields

    def counted(self, place: int) -> tuple[list[str], list[str]]:
        """Return the fields that a number at `place` counts, and those after them."""
        first = place + 1
        end = first + _int(self.fields[place])
        return self.fields[first:end], self.fields[end:]


class Channel:
    """Both ends of the private pipe, for this process alone: a forked copy may not speak."""

    def __init__(self) -> None:
        self._process = _getpid()
        self._pending = b""
        for number in (CALLS, RECORDS):
            os.set_inheritable(number, False)

    def receive(self) -> Message:
        """Wait for the next question; end the process when there is none to come."""
        self._only_here()
        while b"\n" not in self._pending:
            self._fill()
        header, _, self._pending = self._pending.partition(b"\n")
        nonce, length = header.split(b" ")
        while _len(self._pending) < _int(length):
            self._fill()
        body, self._pending = self._pending[: _int(length)], self._pending[_int(length) :]
        return Message(nonce, body.decode("utf-8", "surrogatepass").split("\0"))

    def send(self, nonce: bytes, record: str) -> None:
        """Write one record."""
        self._only_here()
        line = nonce + b" " + record.encode("ascii") + b"\n"
        while line:
            line = line[_write(RECORDS, line) :]

    def close(self) -> None:
        """End the process at once: exit handlers and threads that the candidate left get no turn."""
        _exit(0)

    def _fill(self) -> None:
        more = _read(CALLS, 65536)
        if not more:
            _exit(1)
        self._pending += more

    def _only_here(self) -> None:
        if _getpid() != self._process:
            _exit(0)
