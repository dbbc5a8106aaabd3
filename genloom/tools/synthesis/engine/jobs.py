"""Jobs: strategies run one after the other, or several at once in forked processes. The results are the same."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Sequence

from genloom.tools.synthesis.engine.strategies import Outcome

__all__ = ["Jobs"]

Job = Callable[[], Outcome]


class Jobs:
    """Named jobs in the order in which their results are likely to be asked for. With several cores the next ones are
    begun beforehand, so many at a time; a job whose process cannot be started, or dies, runs here."""

    def __init__(self, jobs: Sequence[tuple[str, Job]], cores: int) -> None:
        self._jobs = dict(jobs)
        self._waiting = list(self._jobs)
        self._running: dict[str, tuple[int, int]] = {}
        self._cores = cores if hasattr(os, "fork") else 1

    def result(self, name: str) -> Outcome:
        """Wait for one job's result, or run it."""
        self._fill(name)
        job = self._jobs[name]
        if name not in self._running:
            if name in self._waiting:
                self._waiting.remove(name)
            return job()
        process, reading = self._running.pop(name)
        with os.fdopen(reading, "rb") as channel:
            data = channel.read()
        os.waitpid(process, 0)
        try:
            # our own child wrote it
            found = pickle.loads(data)  # noqa: S301
        except (EOFError, pickle.UnpicklingError):
            return job()
        return found if isinstance(found, Outcome) else job()

    def close(self) -> None:
        """End the jobs that nobody waits for."""
        for process, reading in self._running.values():
            os.close(reading)
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        self._running.clear()

    def _fill(self, wanted: str) -> None:
        """Begin jobs until all cores are busy: the wanted one, and those after it in their order."""
        if self._cores < 2:
            return
        if wanted in self._waiting:
            self._waiting.remove(wanted)
            self._waiting.insert(0, wanted)
        while self._waiting and len(self._running) < self._cores:
            if not self._begin(self._waiting[0]):
                return
            self._waiting.pop(0)

    def _begin(self, name: str) -> bool:
        reading, writing = os.pipe()
        try:
            process = os.fork()
        except OSError:  # no more processes are allowed
            os.close(reading)
            os.close(writing)
            self._cores = 1
            return False
        if process:
            os.close(writing)
            self._running[name] = (process, reading)
            return True
        os.close(reading)
        try:
            with os.fdopen(writing, "wb") as channel:
                pickle.dump(self._jobs[name](), channel)
        finally:
            os._exit(0)
