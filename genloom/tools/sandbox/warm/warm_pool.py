"""The warm servers of this process: one for each interpreter and environment that is in use, a few at most.

They belong to no event loop, for a sandbox is used from many: a thread of their own starts them (bubblewrap dies with the
thread that started it), ends those that nobody used for a while, and collects what has ended.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

from genloom.tools.sandbox.job import Job
from genloom.tools.sandbox.warm.warm_key import ServerKey, server_key
from genloom.tools.sandbox.warm.warm_server import WarmServer, fits_server

__all__ = ["Lease", "lease_server", "stop_servers"]

MOST_SERVERS = 4
IDLE_SECONDS = 60.0
SWEEP_SECONDS = 5.0
START_SECONDS = 30.0
_MOST_REMEMBERED = 256


@dataclass(eq=False)
class Lease:
    """The use of a server for one run. Give it back with `release`, or with `discard` when the server cannot be trusted
    to have ended the run."""

    server: WarmServer
    _pool: _Pool
    _key: ServerKey

    def release(self) -> None:
        """Let the server go on."""
        self._pool.give_back(self._key, self.server)

    def confirm(self) -> None:
        """Remember that the server came to serve."""
        self._pool.confirm(self._key)

    def discard(self) -> None:
        """End the server and all its runs; return when they are gone."""
        self._pool.drop(self._key, self.server)
        self.server.stop()
        self.server.wait_until_gone()


@dataclass
class _Entry:
    server: WarmServer
    users: int = 0
    idle_since: float = 0.0
    serves: bool = False


class _Pool:
    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[ServerKey, _Entry] = {}
        self._ending: list[WarmServer] = []
        self._asked: dict[ServerKey, None] = {}
        self._refused: dict[ServerKey, None] = {}
        self._requests: queue.SimpleQueue[tuple[Job, Future[WarmServer]]] | None = None

    def lease(self, job: Job) -> Lease | None:
        key = server_key(job)
        with self._lock:
            entry = self._entries.get(key)
            if entry and not entry.server.is_running():
                self._lose(key, entry)
                entry = None
            entry = entry or self._start(key, job)
            if entry is None:
                return None
            entry.users += 1
            return Lease(entry.server, self, key)

    def confirm(self, key: ServerKey) -> None:
        with self._lock:
            if entry := self._entries.get(key):
                entry.serves = True

    def give_back(self, key: ServerKey, server: WarmServer) -> None:
        with self._lock:
            entry = self._entries.get(key)
            if entry and entry.server is server:
                entry.users -= 1
                entry.idle_since = time.monotonic()

    def drop(self, key: ServerKey, server: WarmServer) -> None:
        with self._lock:
            entry = self._entries.get(key)
            if entry and entry.server is server:
                self._lose(key, entry)

    def stop_all(self) -> None:
        with self._lock:
            servers = [*(entry.server for entry in self._entries.values()), *self._ending]
            self._entries.clear()
            self._ending.clear()
        for server in servers:
            server.stop()
        for server in servers:
            server.wait_until_gone()

    def _start(self, key: ServerKey, job: Job) -> _Entry | None:
        if key in self._refused or not self._is_worth_it(key, job) or not self._make_room():
            return None
        done: Future[WarmServer] = Future()
        self._keeper().put((job, done))
        try:
            entry = _Entry(done.result(START_SECONDS))
        except OSError:  # or a time-out, which is one
            done.add_done_callback(self._end_late)
            _remember(self._refused, key)
            return None
        self._entries[key] = entry
        return entry

    def _is_worth_it(self, key: ServerKey, job: Job) -> bool:
        """Programs often come once, each with folders of its own: the second of a kind gets a server."""
        before = key in self._asked
        _remember(self._asked, key)
        return before or job.task[0] != "program"

    def _make_room(self) -> bool:
        if len(self._entries) < MOST_SERVERS:
            return True
        idle = [(entry.idle_since, key) for key, entry in self._entries.items() if not entry.users]
        if not idle:
            return False
        _, key = min(idle, key=_first)
        self._end(key)
        return True

    def _end(self, key: ServerKey) -> None:
        server = self._entries.pop(key).server
        server.stop()
        self._ending.append(server)

    def _lose(self, key: ServerKey, entry: _Entry) -> None:
        """Forget a server that ended by itself; one that never served is not tried again."""
        del self._entries[key]
        entry.server.stop()
        self._ending.append(entry.server)
        if not entry.serves:
            _remember(self._refused, key)

    def _keeper(self) -> queue.SimpleQueue[tuple[Job, Future[WarmServer]]]:
        if self._requests is None:
            self._requests = queue.SimpleQueue()
            threading.Thread(target=self._keep, args=(self._requests,), name="genloom-servers", daemon=True).start()
        return self._requests

    def _keep(self, requests: queue.SimpleQueue[tuple[Job, Future[WarmServer]]]) -> None:
        while True:
            try:
                job, done = requests.get(timeout=SWEEP_SECONDS)
            except queue.Empty:
                self._sweep()
                continue
            try:
                done.set_result(WarmServer(job))
            except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
                done.set_exception(error)

    def _sweep(self) -> None:
        if not self._lock.acquire(blocking=False):  # somebody may be waiting for this thread
            return
        try:
            late = time.monotonic() - IDLE_SECONDS
            for key, entry in list(self._entries.items()):
                if not entry.server.is_running():
                    self._lose(key, entry)
                elif not entry.users and entry.idle_since < late:
                    self._end(key)
            self._ending = [server for server in self._ending if server.is_running()]
        finally:
            self._lock.release()

    def _end_late(self, done: Future[WarmServer]) -> None:
        if not done.exception():
            done.result().stop()
            self._ending.append(done.result())

    def forget(self) -> None:
        """Begin anew in a fork, where the servers are somebody else's and the lock may be held by a thread that is not
        here; this closes our copies alone."""
        servers = [*(entry.server for entry in self._entries.values()), *self._ending]
        self._begin()
        for server in servers:
            with contextlib.suppress(OSError):
                server.stop()


def _first(pair: tuple[float, ServerKey]) -> float:
    return pair[0]


def _remember(kept: dict[ServerKey, None], key: ServerKey) -> None:
    """Keep the newest keys."""
    kept.pop(key, None)
    kept[key] = None
    if len(kept) > _MOST_REMEMBERED:
        del kept[next(iter(kept))]


_pool = _Pool()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_pool.forget)


def lease_server(job: Job) -> Lease | None:
    """Return the use of a server for a job; `None` where the job has to be run the cold way. It starts one when there is
    none yet, which reads the disk."""
    return _pool.lease(job) if job.warm and fits_server(job) else None


def stop_servers() -> None:
    """End all warm servers and their runs; return when they are gone. The next run starts a new one."""
    _pool.stop_all()
