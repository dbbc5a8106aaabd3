"""The audit log: who did what, one JSON line an action, each chained to the one before by its hash.

Whoever changes, removes, inserts or swaps lines breaks the chain where they did it. Lines cut off at the end leave a chain
that is whole: `audit.head` beside the log notes the last line, and shows that. Whoever can write both files and makes the
rest of the chain anew is not found out; a copy of the head kept elsewhere is for that.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from genloom.errors import StorageError
from genloom.interfaces.server.audit_action import AuditAction
from genloom.interfaces.server.audit_chain import (
    LONGEST_LINE,
    START,
    AuditFinding,
    Link,
    check_chain,
    line_of,
    parse_head,
    parse_line,
    shown_head,
)
from genloom.interfaces.told import configured_secrets
from genloom.tools.store.database import private_folder, storage_errors

__all__ = ["AuditLog"]

LOCK_SECONDS = 10.0

_BROKEN = "`genloom serve audit verify` shows where; keep both files, move them away, and a new log begins."


class AuditLog:
    """The log in a data folder: `audit.jsonl`, its head `audit.head`, both readable by their owner alone.

    Safe for several threads and processes. A line that was appended is on the disk for good. Texts are cut at 500
    characters, and secrets in them redacted. Every method raises `StorageError` when the files cannot serve.
    """

    def __init__(self, data: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = data / "audit.jsonl"
        self._head = data / "audit.head"
        self._clock = clock
        self._turn = threading.Lock()
        self._lock = FileLock(data / "audit.lock", timeout=LOCK_SECONDS, mode=0o600, thread_local=False)

    def append(
        self,
        action: str,
        *,
        actor: str,
        organisation: int | None = None,
        target: str = "",
        outcome: str = "done",
        detail: Mapping[str, str | int | float | bool | None] | None = None,
    ) -> None:
        """Write down that `actor` ("key 3", "operator") did `action` ("run.create") to `target` ("run 12").

        Raises `StorageError`, too, when the log's end is not what was noted of it: nothing is added to a broken log.
        """
        told = AuditAction(
            at=self._clock(),
            action=action,
            actor=actor,
            organisation=organisation,
            target=target,
            outcome=outcome,
            detail=detail or {},
        )
        self.append_all([told])

    def append_all(self, actions: Sequence[AuditAction]) -> None:
        """Write down actions in their order, and synchronise the disk once for all of them. Raises as `append`."""
        secrets = configured_secrets()
        entries = [action.entry(secrets) for action in actions]
        private_folder(self.path.parent)
        with self._turn, storage_errors(self.path):
            try:
                with self._lock:
                    self._append(entries)
            except Timeout as error:
                raise StorageError(
                    f"{self.path}: another process held it for more than {LOCK_SECONDS:g} seconds.", hint="Try again."
                ) from error

    def _append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        log = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            end, last = self._last_whole_line(log)
            lines = []
            for entry in entries:
                line, last = line_of(entry, last)
                lines.append(line)
            os.ftruncate(log, end)  # half a line, of a process that was killed while it wrote, was promised to nobody
            _write_all(log, b"".join(lines), end)
            os.fsync(log)
            self._note(last)
        finally:
            os.close(log)

    def _last_whole_line(self, log: int) -> tuple[int, Link]:
        """Return where the last whole line ends, and the line; it must not lie before the one noted as the last."""
        size = os.fstat(log).st_size
        tail = os.pread(log, min(size, LONGEST_LINE), max(0, size - LONGEST_LINE))
        whole = tail[: tail.rfind(b"\n") + 1]
        noted = self._noted()
        last = START
        if whole:
            entry = parse_line(whole[whole.rfind(b"\n", 0, -1) + 1 :])
            if entry is None:
                raise StorageError(f"{self.path}: its last line was changed.", hint=_BROKEN)
            last = Link(entry["seq"], entry["hash"])
        if noted is not None and (noted.seq > last.seq or (noted.seq == last.seq and noted.hash != last.hash)):
            raise StorageError(f"{self.path}: its end is missing (line {noted.seq} was the last).", hint=_BROKEN)
        return size - len(tail) + len(whole), last

    def _noted(self) -> Link | None:
        """Return the line noted as the last, `None` when nothing is noted."""
        try:
            noted = self._head.read_bytes()
        except FileNotFoundError:
            return None
        link = parse_head(noted)
        if link is None:
            raise StorageError(f"{self._head} was changed.", hint=_BROKEN)
        return link

    def _note(self, link: Link) -> None:
        """Note the last line. Not synchronised: after a loss of power a head that lags behind still fits the log."""
        head = os.open(self._head, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(head, shown_head(link), 0)
        finally:
            os.close(head)

    def verify(self) -> AuditFinding:
        """Read the whole log, a line at a time, and return the first line that does not fit. No log at all is sound.

        Lines are appended meanwhile: looked at are those that were there at the beginning.
        """
        with storage_errors(self.path):
            if not self.path.parent.is_dir():
                return AuditFinding(0)
            try:
                with self._turn, self._lock:
                    noted = self._noted()
                    size = self.path.stat().st_size if self.path.exists() else None
            except Timeout as error:
                raise StorageError(f"{self.path} is being written.", hint="Try again.") from error
            except StorageError as error:
                return AuditFinding(0, None, error.message)
            return self._verify(noted, size)

    def _verify(self, noted: Link | None, size: int | None) -> AuditFinding:
        if size is not None:
            found = check_chain(self.path, noted, size)
            if found.sound and found.entries and noted is None:
                return AuditFinding(found.entries, None, f"{self._head} is missing: nobody can tell whether the end is")
            return found
        return AuditFinding(0) if noted is None else AuditFinding(0, 1, f"the log is missing; it had {noted.seq} lines")

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the entries from the first on, up to the first line that does not have this log's form."""
        with storage_errors(self.path):
            if not self.path.exists():
                return
            with self.path.open("rb") as file:
                while line := file.readline(LONGEST_LINE):
                    entry = parse_line(line)
                    if entry is None:
                        return
                    yield entry


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of the data. Raises `OSError` when the disk is full before that."""
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written
