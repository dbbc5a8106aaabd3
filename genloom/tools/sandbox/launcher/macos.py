"""The supervisor where there are neither namespaces nor `/proc`: it starts one run, watches it, ends it and reports.

UNTESTED on macOS, which it is for; its watching and ending are tested on Linux. `sandbox-exec` in front of the run's own
command confines it (see `seatbelt.py`). A process that leaves the run's group and loses its parent cannot be found here:
it lives on, confined as before.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import subprocess
import time

from genloom.tools.sandbox.launcher.layout import lay_out
from genloom.tools.sandbox.launcher.refusal import RefusalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["supervise"]

_SIGKILL = 9
_TICK, _LOOK = 0.02, 0.25
_FIRST_CHANNEL, _HIGH, _MOST_OPEN = 3, 64, 256


def supervise(plan: Plan, control: int, status: int) -> None:
    """Start and watch one run; write to `status` what the supervisor of Linux writes."""
    os.umask(0o022)
    try:
        line = _watched(plan, control)
    except RefusalError as refusal:
        line = f"refused {refusal}"
    except OSError as error:
        line = f"refused supervisor {error}"
    os.write(status, line.encode(errors="replace") + b"\n")


def _watched(plan: Plan, control: int) -> str:
    if os.geteuid() == 0:
        raise RefusalError("user", "on this system a run started as root would stay root")
    low = os.pipe()
    told, tells = (fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _HIGH) for number in low)
    for number in low:
        os.close(number)
    run = os.fork()
    if run == 0:
        _become_run(plan, tells)
    os.close(tells)
    _let_go(plan["channel"])
    why = os.read(told, 4096).decode(errors="replace")
    if why:
        os.waitpid(run, 0)
        raise RefusalError(*why.split(" ", 1))
    return _ending(plan, control, run)


def _become_run(plan: Plan, tells: int) -> None:
    try:
        os.setsid()
        os.chdir(plan["scratch"])
        lay_out(plan["files"])
        for place, number in enumerate([fcntl.fcntl(n, fcntl.F_DUPFD_CLOEXEC, _HIGH) for n in plan["channel"]]):
            os.dup2(number, _FIRST_CHANNEL + place, inheritable=True)
        for number in range(_FIRST_CHANNEL + len(plan["channel"]), _MOST_OPEN):
            if number != tells:
                _close(number)
        _limit(plan)
        os.execve(plan["executable"], plan["arguments"], plan["environment"])  # noqa: S606 - sandbox-exec, or what it is told
    except RefusalError as refusal:
        os.write(tells, str(refusal).encode(errors="replace"))
    except (OSError, ValueError) as error:
        os.write(tells, f"exec {error}".encode(errors="replace"))
    os._exit(127)


def _limit(plan: Plan) -> None:
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: plan["file_size"],
        resource.RLIMIT_NOFILE: _MOST_OPEN,
        resource.RLIMIT_CPU: plan["cpu_seconds"],
    }
    for which, value in wanted.items():
        _, given = resource.getrlimit(which)
        least = value if given == resource.RLIM_INFINITY else min(value, given)
        resource.setrlimit(which, (least, least))


def _let_go(channel: list[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for number in channel:
        _close(number)


def _close(number: int) -> None:
    try:
        os.close(number)
    except OSError:
        pass  # it was not open


def _ending(plan: Plan, control: int, run: int) -> str:
    """Wait for the end or bring it about; return the line to report."""
    deadline, looked, peak, cause, wait_status = time.monotonic() + plan["wall_seconds"], 0.0, 0, "", -1
    while not cause:
        stopped = bool(select.select([control], [], [], _TICK)[0])
        ended, found = os.waitpid(run, os.WNOHANG)
        now = time.monotonic()
        if now - looked > _LOOK:
            looked, peak = now, max(peak, sum(size for _, size in _tree(run)))
        if ended:
            cause, wait_status = "itself", found
        elif stopped:
            cause = "stopped"
        elif peak > plan["memory"]:
            cause = "memory"
        elif now > deadline:
            cause = "timeout"
    _end(run, reap=cause != "itself")
    return f"ended {cause} {wait_status} {peak}"


def _end(run: int, reap: bool) -> None:
    """Kill the tree until nothing of it is to be seen, for a second or so at most."""
    left = _tree(run)
    for _ in range(50):
        for process, _size in left:
            _kill(process)
        if reap:
            os.waitpid(run, 0)
            reap = False
        left = _tree(run)
        if not left:
            break
        time.sleep(_TICK)


def _kill(process: int) -> None:
    try:
        os.kill(process, _SIGKILL)
    except OSError:
        pass  # it ended meanwhile


def _tree(run: int) -> list[tuple[int, int]]:
    """Return the run's group and what descends from it, each with its resident size in bytes, as `ps` shows them."""
    listed = subprocess.run(
        ["/bin/ps", "-axo", "pid=,ppid=,pgid=,rss="], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    rows = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found = {run}
    while more := {row[0] for row in rows if row[0] not in found and (row[1] in found or row[2] == run)}:
        found |= more
    return [(row[0], row[3] * 1024) for row in rows if row[0] in found]
