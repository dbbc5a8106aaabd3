"""The steps that turn a fresh process into the run: drop rights, lay out files, limit, confine, execute."""

from __future__ import annotations

import fcntl
import os
import resource

from genloom.tools.sandbox.launcher import kernel, landlock, mounts, namespaces, seccomp
from genloom.tools.sandbox.launcher.layout import lay_out
from genloom.tools.sandbox.launcher.refusal import RefusalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from genloom.tools.sandbox.launcher.order import Order
    from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["HIGH_DESCRIPTOR", "become_run", "close_between", "close_rest", "execute"]

_SIGKILL = 9
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_OPEN_FILES = 256
_STACK = 8 << 20
_ADDRESS_SPACE_SPARE = 128 << 20
_FIRST_CHANNEL = 3
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_CLOSE_RANGE, _CLOSE_ON_EXEC = 436, 4

HIGH_DESCRIPTOR = 64
"""The launcher's own descriptors stand above, where the channel's never fall on them."""


def become_run(plan: Plan, order: Order, user: int, parent: int, others: int) -> None:
    """Turn this process into the run; returns never. `parent` is the id that getppid shows while the parent lives, and
    `others` the number of processes that count against the run's limit beside its own.

    Raises `RefusalError` that names the stage that failed.
    """
    os.setsid()
    namespaces.take_user(user)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, _SIGKILL)  # after the change of user, which clears it
    if os.getppid() != parent:
        os._exit(1)
    _enter(plan["view"][0] if plan["view"] else plan["scratch"])
    _check_readable(plan["readable"])
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.drop_capabilities()
    if plan["role"] == "server":
        _filter(plan, 0)
    elif plan["confined"]:
        _confine(plan)
    given = order.take_as_run()
    lay_out(given["files"])
    _arrange_descriptors(given["channel"])
    _limit(given, others)
    order.go_on(given)


def execute(plan: Plan) -> None:
    """Start the interpreter in this process's place."""
    try:
        os.execve(plan["executable"], plan["arguments"], plan["environment"])  # noqa: S606 - confined by now
    except OSError as error:
        raise RefusalError("exec", f"{plan['executable']}: {error.strerror}") from error


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise RefusalError("scratch", f"{folder}: {error.strerror}") from error


def _check_readable(paths: list[str]) -> None:
    for path in paths:
        needed = os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK
        if not os.access(path, needed):
            raise RefusalError("readable", f"{path} cannot be read by an unprivileged user")


def _arrange_descriptors(channel: list[int]) -> None:
    """Keep standard input, output and error, put the channel from 3 upward, and close all others at execution."""
    high = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR) for number in channel]
    for place, number in enumerate(high, start=_FIRST_CHANNEL):
        os.dup2(number, place, inheritable=True)
    close_rest(channel, _CLOSE_ON_EXEC)


def close_rest(channel: list[int], how: int = 0) -> None:
    """Close every descriptor above the channel's: now, or at execution."""
    close_between(_FIRST_CHANNEL + len(channel) - 1, how=how)


def close_between(low: int, high: int = 2**31, how: int = 0) -> None:
    """Close every descriptor above `low` and below `high`."""
    kernel.syscall("close_range", _CLOSE_RANGE, low + 1, high - 1, how)


def _limit(plan: Plan, others: int) -> None:
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: plan["file_size"],
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_STACK: _STACK,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_NPROC: plan["processes"] + others,
        resource.RLIMIT_AS: plan["memory"] + _ADDRESS_SPACE_SPARE,
    }
    for which, value in wanted.items():
        _lower(which, value, value)
    # the first limit sends a signal that tells the reason, the second kills whoever ignores it
    _lower(resource.RLIMIT_CPU, plan["cpu_seconds"], plan["cpu_seconds"] + 1)


def _lower(which: int, soft: int, hard: int) -> None:
    """Set a limit, never above the one that this machine has set already."""
    _, given = resource.getrlimit(which)
    if given != resource.RLIM_INFINITY:
        soft, hard = min(soft, given), min(hard, given)
    try:
        resource.setrlimit(which, (soft, hard))
    except (OSError, ValueError) as error:
        raise RefusalError("limits", error) from error


def _confine(plan: Plan) -> None:
    abi = landlock.supported_abi()
    enclosed = bool(plan["outside"])
    if not abi and not (enclosed and plan["namespaces"]):
        raise RefusalError("landlock", "this kernel has no Landlock, or it is switched off")
    writable = [
        plan["scratch"],
        *plan["view"][:1],
        *([mounts.SHARED_MEMORY] if "shared_memory" in plan["grants"] else []),
    ]
    try:
        if abi:
            landlock.restrict(
                abi,
                readable=[*plan["readable"], *plan["system_readable"]],
                devices=_DEVICES,
                writable=writable,
                network="loopback" in plan["grants"],
                unix_sockets="unix_sockets" in plan["grants"],
            )
    except OSError as error:
        raise RefusalError("landlock", error) from error
    _filter(plan, abi)


def _families(grants: list[str]) -> tuple[int, ...]:
    if "loopback" not in grants:
        return ()
    return (_AF_INET, _AF_INET6, _AF_UNIX) if "unix_sockets" in grants else (_AF_INET, _AF_INET6)


def _filter(plan: Plan, abi: int) -> None:
    machine, enclosed = os.uname().machine, bool(plan["outside"])
    try:
        if plan["role"] == "server":
            instructions = seccomp.build_server_filter(machine)
        else:
            instructions = seccomp.build_filter(
                machine,
                process=os.getpid(),
                # inside a process namespace nobody outside can even be named
                scoped_signals=abi >= landlock.SCOPE_ABI or plan["namespaces"],
                private_mounts=plan["namespaces"] or enclosed,
                truncate_ruled=abi >= landlock.TRUNCATE_ABI or enclosed,
                families=_families(plan["grants"]),
            )
        seccomp.install_filter(instructions)
    except KeyError as error:
        raise RefusalError("seccomp", f"no filter is written for the machine {error}") from error
    except OSError as error:
        raise RefusalError("seccomp", error) from error
