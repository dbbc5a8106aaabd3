"""A warm server as genloom sees it: a run of the tier's cold way, whose task is to make further runs."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from genloom.tools.sandbox.job import Job
from genloom.tools.sandbox.launcher.plan import Plan
from genloom.tools.sandbox.launcher.wire import DESCRIPTORS, pack_limits
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.planning import make_plan, memory_file, plan_file, scratch_inside
from genloom.tools.sandbox.start import LAUNCHER_FOLDER, start_command

__all__ = ["WarmServer", "fits_server"]

_LIMITS = Limits(wall_seconds=10**8, cpu_seconds=10**8, memory_megabytes=4096, processes=4096, file_megabytes=1024)
"""What all runs of a server are inside of, each with narrower limits of its own."""

_MOST_PROCESSES = 1024
_GRACE_SECONDS = 15.0


def fits_server(job: Job) -> bool:
    """Whether a server could make this run: it stays inside a server's limits and view, and has bubblewrap around it."""
    limits = job.limits
    return (
        job.bubblewrap != ""
        and job.namespaces
        and job.confined
        and not job.grants.names
        and limits.memory_megabytes <= _LIMITS.memory_megabytes
        and limits.file_megabytes <= _LIMITS.file_megabytes
        and limits.processes <= _MOST_PROCESSES
    )


class WarmServer:
    """One server for jobs that differ in files, limits and input alone. Thread-safe.

    Make it in a thread that lives as long as the server shall: it is killed when that thread ends. It is also ended when
    this process ends, however that happens. Raises `OSError` when it cannot be started; that it is started does not say
    that it will come to serve.
    """

    def __init__(self, job: Job) -> None:
        self.scratch = scratch_inside(job)
        """The path of every run's own scratch folder."""
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            control, self._control = _pipe(theirs, ours)
            self._status, status = _pipe(ours, theirs)
            output = _drain(theirs)
            self._socket, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.callback(self._socket.close)
            theirs.callback(end.close)
            self._socket.setblocking(False)
            served = replace(
                job,
                task=("serve", *job.task[:1], *job.preload),
                readable=(*job.readable, LAUNCHER_FOLDER),
                limits=_LIMITS,
                files={},
                # the view that bubblewrap makes is the server's: each run has a narrower one
                namespaces=False,
                view=(),
            )
            plan = make_plan(served, role="server", scratch=self.scratch, channel=[end.fileno()])
            number = plan_file(plan, theirs)
            self._process = subprocess.Popen(  # noqa: S603 - our own launcher
                start_command(
                    served, plan, control=control, status=status, plan_descriptor=number, view="".join(job.view[:1])
                ),
                stdin=memory_file(b"", theirs),
                stdout=output,
                stderr=output,
                pass_fds=[control, status, number, end.fileno()],
                env={},
                cwd="/",
                start_new_session=True,
            )
            common = replace(job, files={}, stdin=b"", channel=True)
            self.common = make_plan(common, role="forked", scratch=self.scratch, channel=[])
            """What the plans of all runs have in common."""
            self._send([plan_file(self.common, theirs)])
            self._held = ours.pop_all()

    def send(self, descriptors: Mapping[str, int], plan: Plan) -> bool:
        """Have a run made with the descriptors that `wire` names; return whether it was sent."""
        return self._send([descriptors[name] for name in DESCRIPTORS], pack_limits(plan))

    def _send(self, descriptors: Sequence[int], message: bytes = b"-") -> bool:
        try:
            socket.send_fds(self._socket, [message], descriptors)
        except OSError:
            return False
        return True

    def is_running(self) -> bool:
        """Whether the server's processes are there, as far as can be seen without waiting."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Have it and all its runs ended; return at once."""
        self._held.close()

    def wait_until_gone(self) -> None:
        """Wait until none of its processes is left; call `stop` before."""
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    read, write = os.pipe()
    reader.callback(os.close, read)
    writer.callback(os.close, write)
    return read, write


def _drain(writer: contextlib.ExitStack) -> int:
    """Return a pipe whose content is thrown away: what start-up hooks print would fill it, and /dev/null would show in a
    run as streams that can seek."""
    read, write = os.pipe()
    writer.callback(os.close, write)
    threading.Thread(target=_read_all, args=(read,), name="genloom-server-output", daemon=True).start()
    return write


def _read_all(number: int) -> None:
    with open(number, "rb", buffering=0) as pipe:
        while pipe.read(65_536):
            pass
