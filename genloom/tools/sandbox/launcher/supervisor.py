"""The process outside of the confinement: it starts the run, watches it, ends its whole tree and reports.

    genloom ── supervisor ── first process ── the run and what it starts
               (this file)   (of the namespace; waits and reaps)

The supervisor holds the read end of a control pipe: when genloom asks by closing it, or dies, all is ended. When the
supervisor dies, the kernel kills the first process, and with a process namespace every process in it.
"""

from __future__ import annotations

import fcntl
import os
import select
import time

from genloom.tools.sandbox.launcher import kernel, namespaces, tree
from genloom.tools.sandbox.launcher.confinement import HIGH_DESCRIPTOR, become_run
from genloom.tools.sandbox.launcher.mounts import make_private_view
from genloom.tools.sandbox.launcher.refusal import RefusalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["supervise"]

_SIGKILL = 9
_TICK = 0.02


def supervise(plan: Plan, control: int, status: int) -> None:
    """Start and watch one run; write to `status` either `refused STAGE WHY`, or `ended CAUSE WAIT_STATUS PEAK_BYTES`.

    CAUSE is `itself`, `timeout`, `memory` or `stopped`; WAIT_STATUS is as of waitpid(2), -1 when unknown.
    """
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    os.umask(0o022)
    try:
        line = _Run(plan, control).watch()
    except RefusalError as refusal:
        line = f"refused {refusal}"
    except OSError as error:
        line = f"refused supervisor {error}"
    if not tree.end_tree():
        line = "refused survivors some processes could not be ended"
    _remove_empty(plan["scratch"])
    os.write(status, line.encode(errors="replace") + b"\n")


def _remove_empty(folder: str) -> None:
    """Remove the scratch folder's mount point, also when genloom is no longer there to do it."""
    try:
        os.rmdir(folder)
    except OSError:
        pass  # without private mounts it is full, and genloom's to remove


class _Run:
    def __init__(self, plan: Plan, control: int) -> None:
        self._plan = plan
        self._control = control
        root = os.geteuid() == 0
        tree.check_visible()
        namespaces.check_left(plan["outside"])
        user = namespaces.unprivileged_user() if root else os.geteuid()
        if not root:
            # what else counts against the limit: this process and the first, or all that the user runs
            plan["processes"] += 2 if plan["namespaces"] else _tasks_of(user)
        if plan["namespaces"]:
            # bubblewrap has made a network for this run alone
            namespaces.enter_namespaces(network=not plan["outside"])
        elif root:
            os.chown(plan["scratch"], user, user)
        self._refused, refused = _high_pipe()
        self._waited, waited = _high_pipe()
        self._first = os.fork()
        if self._first == 0:
            _first_process(plan, user, root, refused, waited)
        for number in (refused, waited):
            os.close(number)
        _let_go_of_output()

    def watch(self) -> str:
        """Wait for the end or bring it about; return the line to report."""
        deadline = time.monotonic() + self._plan["wall_seconds"]
        peak, cause = 0, ""
        waiting = select.poll()
        for number in (self._control, self._refused, self._waited):
            waiting.register(number, select.POLLIN)
        started = False
        while not cause:
            ready = {number for number, _ in waiting.poll(_TICK * 1000)}
            if not started and ready & {self._refused, self._waited}:
                self._raise_refusal()
                waiting.unregister(self._refused)
                started = True
            # those below the first process, and orphans that came to this one
            below = [process for process in tree.descendants(os.getpid())[1:] if process != self._first]
            held = tree.memory_held(below, self._plan["memory"])
            peak = max(peak, held)
            cause = self._cause(ready, deadline, held)
        wait_status = os.read(self._waited, 16) if cause == "itself" else b""
        self._end_first()
        return f"ended {cause} {wait_status.decode() or -1} {peak}"

    def _cause(self, ready: set[int], deadline: float, held: int) -> str:
        if self._waited in ready:
            return "itself"
        if self._control in ready:
            return "stopped"
        if held > self._plan["memory"]:
            return "memory"
        return "timeout" if time.monotonic() > deadline else ""

    def _raise_refusal(self) -> None:
        why = os.read(self._refused, 4096).decode(errors="replace")
        if why:
            self._end_first()
            raise RefusalError(*why.split(" ", 1))

    def _end_first(self) -> None:
        try:
            os.kill(self._first, _SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself


def _high_pipe() -> tuple[int, int]:
    low = os.pipe()
    high = tuple(fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR) for number in low)
    for number in low:
        os.close(number)
    return high[0], high[1]


def _let_go_of_output() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)


def _tasks_of(user: int) -> int:
    """Count the threads that a user runs on this machine: a limit of processes counts them all."""
    count = 0
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            if os.stat(f"/proc/{name}").st_uid == user:
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue
    return count


def _first_process(plan: Plan, user: int, root: bool, refused: int, waited: int) -> None:
    """The first process of the namespace: makes the view, starts the run, reaps, tells how the run ended."""
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, _SIGKILL)
        if plan["namespaces"]:
            needed = [plan["executable"], *plan["readable"]]
            make_private_view(needed, plan["view"], plan["scratch"], plan["file_size"], user, root)
        elif plan["view"]:
            raise RefusalError("view", "it needs private namespaces")
        own = os.getpid()
        run = os.fork()
        if run == 0:
            become_run(plan, user, own)
    except RefusalError as refusal:
        os.write(refused, str(refusal).encode(errors="replace"))
        os._exit(127)
    except OSError as error:
        os.write(refused, f"start {error}".encode(errors="replace"))
        os._exit(127)
    _wait_for(run, refused, waited)


def _wait_for(run: int, refused: int, waited: int) -> None:
    os.close(refused)
    _let_go_of_output()
    while True:
        ended, wait_status = os.wait()
        if ended == run:
            os.write(waited, str(wait_status).encode())
            os._exit(0)
