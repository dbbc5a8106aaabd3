"""The lock of a thread: whoever runs or resumes it does so alone, among threads and processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from genloom.config import Settings
from genloom.errors import ThreadError
from genloom.tools.store.database import private_folder, storage_errors

__all__ = ["holding_thread"]


@contextmanager
def holding_thread(settings: Settings, thread_id: str) -> Iterator[None]:
    """Hold the thread's lock for the length of a `with` block; a holder that dies lets go of it.

    Raises `ThreadError` at once when somebody else holds it. There are at most 65,536 lock files: two threads share one
    by chance of one in so many.
    """
    folder = settings.home / "thread-locks"
    private_folder(folder)
    digest = hashlib.sha256(f"{settings.organisation}:{thread_id}".encode()).hexdigest()
    lock = FileLock(folder / f"{digest[:4]}.lock", timeout=0, thread_local=False)
    with storage_errors(folder):
        try:
            lock.acquire()
        except Timeout as error:
            raise ThreadError(
                f"The thread {thread_id!r} is being run by somebody else.", hint="Wait until that run has ended."
            ) from error
    try:
        yield
    finally:
        lock.release()
