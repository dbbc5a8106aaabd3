"""Workers: files prepared by several processes, handed out in batches and returned in order.

The grammars hold the interpreter's lock, so threads do not help. The processes are plain children that run one function of
this package: nothing of the caller's `__main__` is imported, so that a notebook, a script without a guard and standard input
all work. This process prepares batches too; a batch whose worker is killed or falls silent is prepared here.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import cast

from genloom.tools.codebase.index.preparing import Asked, Prepared, prepare
from genloom.tools.codebase.index.words import Stemmer

__all__ = ["default_processes", "prepared_files"]

BATCH = 24
AHEAD = 6
"""So many batches for each process may wait until those before them are done."""
MOST_PROCESSES = 4
FEWEST_FILES = 300
"""Below this number of files one process is faster."""
SILENCE_SECONDS = 60.0
_START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer);"
    " from genloom.tools.codebase.index.worker import serve; serve()"
)
Batch = list[Prepared]


def default_processes(files: int) -> int:
    """Return how many processes to use for so many changed files: one for few, else one for each core, four at most.

    A daemonic process of `multiprocessing` must not leave children, and uses one.
    """
    processes = sys.modules.get("multiprocessing.process")
    if files < FEWEST_FILES or not sys.executable or (processes and processes.current_process().daemon):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_PROCESSES)


def prepared_files(root: Path, files: Sequence[Asked], processes: int) -> Generator[Prepared]:
    """Yield the prepared files in their order. Closing the iterator early, or an error, ends the workers at once."""
    stemmer = Stemmer()
    if processes < 2:
        yield from (prepare(root, file, stemmer) for file in files)
        return
    sharing = _Sharing(root, [files[at : at + BATCH] for at in range(0, len(files), BATCH)], AHEAD * processes)
    workers: list[_Worker] = []
    try:
        workers += (_Worker(sharing) for _ in range(processes - 1))
        for number in range(len(sharing.batches)):
            yield from _batch(sharing, number, stemmer)
    finally:
        for worker in workers:
            worker.stop()


def _batch(sharing: _Sharing, number: int, stemmer: Stemmer) -> Batch:
    """Return a batch, preparing others meanwhile until it is there."""
    while (ready := sharing.result(number)) is None:
        mine = sharing.take(wait=False)
        if mine is None:
            mine = sharing.await_result(number)
        if mine is not None:
            sharing.put(mine, [prepare(sharing.root, file, stemmer) for file in sharing.batches[mine]])
    return ready


class _Sharing:
    """The batches: which are taken, and the results that wait for their turn."""

    def __init__(self, root: Path, batches: list[Sequence[Asked]], ahead: int) -> None:
        self.root = root
        self.batches = batches
        self._ahead = ahead
        self._next = 0
        self._given = 0
        self._returned: list[int] = []
        self._results: dict[int, Batch] = {}
        self._changed = threading.Condition()
        self._stopped = False

    def take(self, *, wait: bool) -> int | None:
        """Return a batch to do; `None` when all are taken, or (not waiting) too many wait for their turn."""
        with self._changed:
            while not self._stopped:
                if self._returned:
                    return self._returned.pop()
                if self._next < min(len(self.batches), self._given + self._ahead):
                    self._next += 1
                    return self._next - 1
                if not wait or self._next >= len(self.batches):
                    return None
                self._changed.wait(SILENCE_SECONDS)
            return None

    def give_back(self, number: int) -> None:
        """Let another process do a batch."""
        with self._changed:
            self._returned.append(number)
            self._changed.notify_all()

    def put(self, number: int, result: Batch) -> None:
        with self._changed:
            self._results[number] = result
            self._changed.notify_all()

    def result(self, number: int) -> Batch | None:
        """Take a result out, if it is there."""
        with self._changed:
            found = self._results.pop(number, None)
            if found is not None:
                self._given = number + 1
                self._changed.notify_all()
            return found

    def await_result(self, number: int) -> int | None:
        """Wait until a result is there; return the batch to do instead when it was given back or does not come."""
        with self._changed:
            if self._changed.wait_for(lambda: self._returned or number in self._results, SILENCE_SECONDS):
                return None
            return number

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


class _Worker:
    """A worker process, and the thread that hands batches to it."""

    def __init__(self, sharing: _Sharing) -> None:
        self._sharing = sharing
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="genloom-index-worker", daemon=True)
        try:
            self._process = subprocess.Popen(  # noqa: S603 # this interpreter, with a text of our own
                [sys.executable, "-I", "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:  # no process to be had: this one does all
            return
        self._thread.start()

    def stop(self) -> None:
        """End the process, whatever it does, and wait until it is gone."""
        self._stopped = True
        self._sharing.stop()
        if self._process is not None:
            self._process.kill()
            self._thread.join()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    _close(pipe)
            self._process.wait()

    def _run(self) -> None:
        taken: int | None = None
        try:
            self._send(_import_path())
            self._receive()
            while (taken := self._sharing.take(wait=True)) is not None:
                self._send((str(self._sharing.root), self._sharing.batches[taken]))
                self._sharing.put(taken, cast("Batch", self._receive()))
        except Exception:  # noqa: BLE001 # killed, never came up, or what it said is no pickle, which may raise anything
            if taken is not None and not self._stopped:
                self._sharing.give_back(taken)

    def _send(self, message: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
            self._process.stdin.flush()

    def _receive(self) -> object:
        if self._process is None or self._process.stdout is None:
            raise EOFError
        return pickle.load(self._process.stdout)  # noqa: S301 # from the process that this one started


def _import_path() -> list[str]:
    """Return where the worker imports from: as here, but never from the current folder, which may be the repository, unless
    this package lies there."""
    here = os.path.realpath(os.curdir)
    elsewhere = (folder for folder in sys.path if Path(folder).is_absolute() and os.path.realpath(folder) != here)
    return [*elsewhere, str(Path(__file__).resolve().parents[4])]


def _close(pipe: object) -> None:
    try:
        pipe.close()  # type: ignore[attr-defined] # a pipe
    except OSError:  # what was not sent to a process that is gone
        return
