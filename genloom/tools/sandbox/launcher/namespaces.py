"""New namespaces of processes: ending the first process ends all, and none of them can name one outside."""

from __future__ import annotations

import os

from genloom.tools.sandbox.launcher import kernel
from genloom.tools.sandbox.launcher.refusal import RefusalError

__all__ = ["enter_namespaces", "unprivileged_user"]

_MOST = 2**31 - 2
_LEAST = 1000


def enter_namespaces() -> None:
    """Take new namespaces for the children to come; without root's rights, by way of a user namespace of our own.

    The mounts stay as they are: this process goes on reading `/proc`.
    """
    flags = kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC
    user, group = os.geteuid(), os.getegid()
    try:
        if user == 0:
            kernel.unshare(flags)
        else:
            kernel.unshare(flags | kernel.CLONE_NEWUSER)
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{user} {user} 1")
            _write("/proc/self/gid_map", f"{group} {group} 1")
    except OSError as error:
        raise RefusalError("namespaces", error) from error


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def unprivileged_user() -> int:
    """Return an id for one run alone, which nobody else uses: at random from the top of what this machine maps.

    Two runs at the same time then cannot signal, trace or read one another, and a limit of processes counts one run.
    """
    with open("/proc/self/uid_map", "rb") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    start, _, count = max(ranges, key=_count)
    top = min(start + count - 1, _MOST)
    bottom = max(start, _LEAST, top - 2**20)
    if top <= bottom:
        raise RefusalError("user", "this machine maps no unprivileged user id")
    return bottom + int.from_bytes(os.urandom(6), "little") % (top - bottom)


def _count(numbers: tuple[int, ...]) -> int:
    return numbers[2]
