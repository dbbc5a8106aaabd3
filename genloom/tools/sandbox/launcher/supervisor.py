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
from genloom.tools.sandbox.launcher.confinement import HIGH_DESCRIPTOR, become_run, close_between
from genloom.tools.sandbox.launcher.mounts import make_private_view
from genloom.tools.sandbox.launcher.refusal import RefusalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from genloom.tools.sandbox.launcher.order import Order
    from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["supervise"]

_SIGKILL = 9
_TICK = 0.02


def supervise(plan: Plan, order: Order) -> None:
    """Prepare, start and watch one run; tell either `refused STAGE WHY`, or `ended CAUSE WAIT_STATUS PEAK_BYTES`.

    CAUSE is `itself`, `timeout`, `memory` or `stopped`; WAIT_STATUS is as of waitpid(2), -1 when unknown. What the plan
    says of namespaces, paths and sizes of mounts is done ahead of the order, which has the rest.
    """
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    os.umask(0o022)
    try:
        run = _Run(plan, order)
        line = run.watch(order.take(run.refused), order.control)
    except RefusalError as refusal:
        line = f"refused {refusal}"
    except OSError as error:
        line = f"refused supervisor {error}"
    if not tree.end_tree():
        line = "refused survivors some processes could not be ended"
    if plan["role"] == "run":
        _remove_empty(plan["scratch"])
    order.tell(line)


def _remove_empty(folder: str) -> None:
    """Remove the scratch folder's mount point, also when genloom is no longer there to do it."""
    try:
        os.rmdir(folder)
    except OSError:
        pass  # without private mounts it is full, and genloom's to remove


class _Run:
    def __init__(self, plan: Plan, order: Order) -> None:
        root = os.geteuid() == 0
        tree.check_visible()
        namespaces.check_left(plan["outside"])
        _check_grants(plan)
        user = namespaces.unprivileged_user() if root else os.geteuid()
        # what else counts against the limit: the first process, or all that the user runs
        others = 0 if root else 1 if plan["namespaces"] else _tasks_of(user)
        mapped = (user, os.getegid()) if plan["namespaces"] and not root else None
        if root and not plan["namespaces"]:
            os.chown(plan["scratch"], user, user)
        self.refused, refused = _high_pipe()
        self._waited, waited = _high_pipe()
        self._first = _fork_first(plan)
        if self._first == 0:
            _first_process(plan, order, user, root, others, refused, waited, mapped)
        for number in (refused, waited):
            os.close(number)
        if plan["role"] != "forked":  # what a server's runs write comes later
            _let_go_of_output()

    def watch(self, plan: Plan, control: int) -> str:
        """Wait for the end or bring it about; return the line to report."""
        deadline = time.monotonic() + plan["wall_seconds"]
        # each run that a server makes has a supervisor of its own
        tick = None if plan["role"] == "server" else _TICK * 1000
        peak, cause = 0, ""
        waiting = select.poll()
        for number in (control, self.refused, self._waited):
            waiting.register(number, select.POLLIN)
        started = False
        while not cause:
            ready = {number for number, _ in waiting.poll(tick)}
            if not started and ready & {self.refused, self._waited}:
                self._raise_refusal()
                waiting.unregister(self.refused)
                started = True
            if self._waited in ready:
                cause = "itself"
            elif control in ready:
                cause = "stopped"
            else:
                held = self._memory(plan["memory"])
                peak = max(peak, held)
                cause = _limit_reached(plan, deadline, held)
        wait_status = os.read(self._waited, 16) if cause == "itself" else b""
        self._end_first()
        for number in (self.refused, self._waited):
            os.close(number)
        return f"ended {cause} {wait_status.decode() or -1} {peak}"

    def _memory(self, limit: int) -> int:
        """Return what those below the first process hold, and orphans that came to this one."""
        below = [process for process in tree.descendants(os.getpid())[1:] if process != self._first]
        return tree.memory_held(below, limit)

    def _raise_refusal(self) -> None:
        why = os.read(self.refused, 4096).decode(errors="replace")
        if why:
            self._end_first()
            raise RefusalError(*why.split(" ", 1))

    def _end_first(self) -> None:
        try:
            os.kill(self._first, _SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself
        tree.wait_for_end(self._first)


def _fork_first(plan: Plan) -> int:
    if not plan["namespaces"]:
        return os.fork()
    # bubblewrap or the server has a network of its own already
    return namespaces.fork_into_namespaces(network=not plan["outside"] and plan["role"] != "forked")


def _limit_reached(plan: Plan, deadline: float, held: int) -> str:
    if held > plan["memory"]:
        return "memory"
    return "timeout" if time.monotonic() > deadline else ""


def _check_grants(plan: Plan) -> None:
    alone = plan["role"] == "run" and bool(plan["namespaces"] or plan["outside"])
    if plan["grants"] and plan["confined"] and not alone:
        raise RefusalError("grants", "this run has no network and no shared memory of its own, so none can be granted")


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


def _first_process(
    plan: Plan,
    order: Order,
    user: int,
    root: bool,
    others: int,
    refused: int,
    waited: int,
    mapped: tuple[int, int] | None,
) -> None:
    """The first process of the namespace: makes the view, starts the run, reaps, tells how the run ended.

    `mapped` are the ids to keep where the namespace of users is new.
    """
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, _SIGKILL)
        if mapped:
            namespaces.map_user(*mapped)
        if plan["namespaces"] and "loopback" in plan["grants"] and not plan["outside"]:  # bubblewrap does it itself
            namespaces.raise_loopback()
        _make_view(plan, user, root)
        own = os.getpid()
        run = os.fork()
        if run == 0:
            become_run(plan, order, user, own, others)
    except RefusalError as refusal:
        os.write(refused, str(refusal).encode(errors="replace"))
        os._exit(127)
    except OSError as error:
        os.write(refused, f"start {error}".encode(errors="replace"))
        os._exit(127)
    _wait_for(run, waited)


def _make_view(plan: Plan, user: int, root: bool) -> None:
    if plan["namespaces"]:
        needed = [plan["executable"], *plan["readable"]]
        shared = "shared_memory" in plan["grants"]
        make_private_view(needed, plan["view"], plan["scratch"], plan["file_size"], user, root, shared)
    elif plan["view"]:
        raise RefusalError("view", "it needs private namespaces")


def _wait_for(run: int, waited: int) -> None:
    _let_go_of_output()
    close_between(2, waited)
    close_between(waited)
    while True:
        ended, wait_status = os.wait()
        if ended == run:
            os.write(waited, str(wait_status).encode())
            os._exit(0)
